import { Modal, type ModalProps } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useFocusBack } from '@/shared/lib/use-focus-back';

/** A dialog with a name, and a close button that has one too. */
export function Dialog({ children, ...rest }: ModalProps) {
  const { t } = useTranslation('shared');
  useFocusBack();
  return (
    <Modal closeButtonProps={{ 'aria-label': t('close') }} yOffset="6vh" transitionProps={{ duration: 0 }} {...rest}>
      {children}
    </Modal>
  );
}
