import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { acme, fakeServer, renderIn } from '@/testing/render';
import { CreateStream } from './create-stream';
import type { Stream } from './queries';
import { StreamDrawer } from './stream-drawer';
import { StreamsPage } from './streams-page';

const stream: Stream = {
  id: 'h4k2m9q0',
  name: 'SIEM',
  kind: 'webhook',
  url: 'https://siem.example.com/…',
  status: 'failing',
  createdAt: '2026-01-01T00:00:00Z',
  behind: 3,
  lastError: 'the server answered 503',
};
const list = '/api/v1/tenants/acme/audit/streams';
const one = `${list}/h4k2m9q0`;

test('a stream is created with what was typed, and its secret is handed on', async () => {
  const issued = { stream, secret: 'whsec_x' };
  const requests = fakeServer({ [`POST ${list}`]: () => issued });
  const onIssued = vi.fn();
  renderIn(<CreateStream onClose={() => undefined} onIssued={onIssued} />);
  await userEvent.type(screen.getByLabelText(/^Name/), 'SIEM');
  await userEvent.type(screen.getByLabelText(/^Where to/), 'https://siem.example.com/stoa');
  await userEvent.click(screen.getByRole('button', { name: 'Create stream' }));
  await waitFor(() => expect(onIssued.mock.calls[0]?.[0]).toEqual(issued));
  expect(requests[0]?.headers.get('Idempotency-Key')).toMatch(/^[0-9a-f-]{36}$/);
  expect(await requests[0]?.json()).toEqual({
    name: 'SIEM',
    kind: 'webhook',
    url: 'https://siem.example.com/stoa',
    fromStart: false,
  });
});

test('a failing stream says why, and is deleted only by its name and version', async () => {
  const requests = fakeServer({ [`GET ${one}`]: () => stream, [`DELETE ${one}`]: () => ({}) });
  const onClose = vi.fn();
  renderIn(<StreamDrawer of={stream} onClose={onClose} onIssued={() => undefined} />);
  expect(screen.getByText(/the server answered 503/)).toBeInTheDocument();
  await userEvent.click(screen.getByRole('button', { name: 'Delete…' }));
  expect(screen.getByRole('button', { name: 'Delete stream' })).toBeDisabled();
  await userEvent.type(screen.getByRole('textbox'), 'SIEM');
  await userEvent.click(screen.getByRole('button', { name: 'Delete stream' }));
  await waitFor(() => expect(onClose).toHaveBeenCalled());
  expect(requests.find((r) => r.method === 'DELETE')?.headers.get('If-Match')).toBe('"3"');
});

test('without a stream the page says what one is for', async () => {
  fakeServer({ [`GET ${list}`]: () => ({ items: [], next: '' }) });
  renderIn(<StreamsPage stream={undefined} onStream={() => undefined} />, {
    ...acme,
    permissions: { tenant: ['audit.export'], stores: {} },
  });
  expect(await screen.findByText('The log is sent nowhere')).toBeInTheDocument();
});
