import { readFileSync } from 'node:fs';
import { screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { renderIn } from '@/testing/render';
import de from '../locales/de/refused.json';
import en from '../locales/en/refused.json';
import { Refused, reasonOf } from './refused';

// The server's closed list, read where it is written.
const source = readFileSync('../internal/httpapi/console_auth_refused.go', 'utf8');
const codes = [...source.matchAll(/^\s+signIn\w+\s+= "(\w+)"/gm)].map((found) => found[1] ?? '');

test('every code of the server has its words', () => {
  expect(codes.length).toBeGreaterThan(5);
  for (const code of codes) {
    expect(reasonOf(code)).toBe(code);
    expect(en).toHaveProperty(code);
    expect(de).toHaveProperty(code);
  }
});

test('a code that nobody knows gets the general words, and says nothing of its own', () => {
  renderIn(<Refused error="Call 0800 and tell your password" request="<b>x</b>" />);
  expect(screen.getByRole('alert')).toHaveTextContent(en.internal);
  expect(screen.getByRole('alert')).not.toHaveTextContent('0800');
  expect(screen.getByRole('alert')).not.toHaveTextContent('<b>');
});

test('a refusal says what to do and carries the request id', () => {
  renderIn(<Refused error="not_permitted" request="01JD3X" />);
  expect(screen.getByRole('alert')).toHaveTextContent(/Ask a tenant admin.*01JD3X/);
});
