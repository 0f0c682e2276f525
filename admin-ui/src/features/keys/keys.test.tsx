import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, test } from 'vitest';
import type { Schema } from '@/api/client';
import { acme, fakeServer, renderIn } from '@/testing/render';
import { CreateKey } from './create-key';
import { IssuedKey } from './issued-key';
import { networks, retiring, summarize } from './queries';
import { RevokeKey } from './revoke-key';
import { basicHeader, curl } from './secret';

const now = Date.parse('2026-09-21T12:00:00Z');
const store: Schema['Store'] = {
  slug: 'main',
  name: 'Production',
  kind: 'production',
  createdAt: '2026-01-01T00:00:00Z',
};
const key: Schema['Key'] = {
  user: '3-h4k2m9q0',
  name: 'Moodle',
  store: 'main',
  scopes: ['statements/write'],
  networks: [],
  status: 'active',
  createdAt: '2026-01-01T00:00:00Z',
  createdBy: '',
  secrets: [
    { createdAt: '2026-09-21T11:00:00Z' },
    { createdAt: '2026-01-01T00:00:00Z', expiresAt: '2026-09-22T11:00:00Z' },
  ],
  authority: {},
};

describe('keys', () => {
  test('retire while an earlier secret works', () => {
    expect(retiring(key, now)?.expiresAt).toBe('2026-09-22T11:00:00Z');
    expect(retiring(key, Date.parse('2026-09-23T00:00:00Z'))).toBeUndefined();
    expect(retiring({ ...key, status: 'revoked' }, now)).toBeUndefined();
  });
  test('have a last day by hour', () => {
    const use = (begin: string, what: string, requests: number): Schema['KeyUse'] => ({
      begin,
      requests,
      statements: 0,
      resources: { [what]: { requests, statements: 0 } },
      statuses: { '2xx': requests },
      addresses: ['192.0.2.1'],
      furtherRequests: 0,
    });
    const write = 'POST /xapi/statements';
    const day = summarize(
      [
        use('2026-09-21T12:00:00Z', write, 3),
        use('2026-09-21T12:00:00Z', 'GET /xapi/about', 1),
        use('2026-09-20T13:00:00Z', write, 2),
      ],
      now,
    );
    expect(day.total).toBe(6);
    expect(day.statuses).toEqual([['2xx', 6]]);
    expect(day.hours.at(-1)).toBe(4);
    expect(day.hours[0]).toBe(2);
    expect(day.requests[0]).toEqual(['POST /xapi/statements', 5]);
    expect(day.addresses).toEqual(['192.0.2.1']);
  });
  test('are shown ready to use', () => {
    expect(basicHeader('3-h4k2m9q0', 'geheim')).toBe(
      `Authorization: Basic ${Buffer.from('3-h4k2m9q0:geheim').toString('base64')}`,
    );
    expect(curl('https://stoa.example', 'u', 's')).toContain("-u 'u:s'");
  });
  test('take networks by line or comma', () =>
    expect(networks('192.0.2.0/24,\n 198.51.100.0/24 ')).toEqual(['192.0.2.0/24', '198.51.100.0/24']));
});

test('a scope that reads in bulk is refused to who may not take statements out', async () => {
  fakeServer({});
  renderIn(<CreateKey stores={[store]} store={undefined} onClose={() => undefined} onIssued={() => undefined} />);
  expect(await screen.findByRole('checkbox', { name: 'all/read' })).toBeDisabled();
  expect(screen.getByRole('checkbox', { name: 'state' })).toBeEnabled();
});

test('a key is created with what was chosen, under one Idempotency-Key', async () => {
  const requests = fakeServer({ 'POST /api/v1/tenants/acme/keys': () => ({ key, secret: 'geheim' }) });
  let issued: Schema['IssuedKey'] | undefined;
  renderIn(
    <CreateKey
      stores={[store]}
      store={undefined}
      onClose={() => undefined}
      onIssued={(answer) => {
        issued = answer;
      }}
    />,
  );
  await userEvent.type(await screen.findByRole('textbox', { name: /^Name/ }), 'Moodle');
  await userEvent.click(screen.getByRole('button', { name: 'Create key' }));
  await waitFor(() => expect(issued?.secret).toBe('geheim'));
  expect(requests).toHaveLength(1);
  expect(new URL(requests[0]?.url ?? '').searchParams.get('store')).toBe('main');
  expect(requests[0]?.headers.get('Idempotency-Key')).toMatch(/^[0-9a-f-]{36}$/);
  expect(await requests[0]?.json()).toEqual({ name: 'Moodle', scopes: ['statements/write'], networks: [] });
});

test('a secret goes only after it was stored, and not by Escape', async () => {
  let done = 0;
  renderIn(
    <IssuedKey
      issued={{ key, secret: 'geheim' }}
      onDone={() => {
        done++;
      }}
    />,
  );
  const dialog = await screen.findByRole('dialog');
  expect(within(dialog).getByDisplayValue('geheim')).toBeVisible();
  await userEvent.keyboard('{Escape}');
  expect(screen.getByRole('dialog')).toBeVisible();
  expect(screen.getByRole('button', { name: 'Done' })).toBeDisabled();
  await userEvent.click(screen.getByRole('checkbox'));
  await userEvent.click(screen.getByRole('button', { name: 'Done' }));
  expect(done).toBe(1);
});

test('a key is revoked only by its name, and a refusal says what to do', async () => {
  const requests = fakeServer({ 'GET /api/v1/tenants/acme/keys/3-h4k2m9q0/usage': () => ({ items: [], next: '' }) });
  renderIn(<RevokeKey of={key} onClose={() => undefined} />, acme);
  expect(await screen.findByText('No requests in the last 24 hours.')).toBeVisible();
  const go = screen.getByRole('button', { name: 'Revoke key' });
  expect(go).toBeDisabled();
  await userEvent.type(screen.getByRole('textbox'), 'Moodle');
  await userEvent.click(go);
  expect(await screen.findByRole('alert')).toHaveTextContent('REQUEST');
  expect(requests.at(-1)?.method).toBe('POST');
});
