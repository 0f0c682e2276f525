import { Anchor, type AnchorProps, Button, type ButtonProps } from '@mantine/core';
import { createLink } from '@tanstack/react-router';
import type { ComponentPropsWithRef } from 'react';

type OfAnchor<P> = P & Omit<ComponentPropsWithRef<'a'>, keyof P>;

/** Links to pages of the console that look like the kit's, with the router's types. */
export const ButtonLink = createLink((props: OfAnchor<ButtonProps>) => <Button component="a" {...props} />);
export const TextLink = createLink((props: OfAnchor<AnchorProps>) => <Anchor {...props} />);
