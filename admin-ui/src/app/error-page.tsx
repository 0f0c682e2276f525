import { Button, Container, Text, Title } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { ErrorState } from '@/shared/ui/empty-state';

/** What a page becomes when it cannot be shown at all. */
export function ErrorPage({ error, retry }: { error: unknown; retry?: () => void }) {
  return (
    <Container size="sm" py={80} component="main">
      <ErrorState page error={error} retry={retry ?? (() => window.location.reload())} />
    </Container>
  );
}

export function NotFoundPage() {
  const { t } = useTranslation('shell');
  return (
    <Container size="sm" py={80} ta="center" component="main">
      <Title order={1}>{t('notFound.title')}</Title>
      <Text c="dimmed" mt="xs" mb="md">
        {t('notFound.text')}
      </Text>
      <Button component={Link} to="/" variant="default">
        {t('notFound.home')}
      </Button>
    </Container>
  );
}
