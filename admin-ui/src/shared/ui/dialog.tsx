import { Modal, type ModalProps } from '@mantine/core';
import { useTranslation } from 'react-i18next';

/** A dialog with a name, and a close button that has one too. */
export function Dialog({ children, ...rest }: ModalProps) {
  const { t } = useTranslation('shared');
  return (
    <Modal closeButtonProps={{ 'aria-label': t('close') }} yOffset="6vh" transitionProps={{ duration: 0 }} {...rest}>
      {children}
    </Modal>
  );
}
