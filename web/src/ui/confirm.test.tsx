import { MantineProvider } from '@mantine/core';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';
import { useConfirm } from './confirm';

function Asking({ run }: { run: () => void }) {
  const [ask, dialog] = useConfirm();
  return <>{dialog}<button type="button" onClick={() => ask({ text: 'Remove Ada?', verb: 'Remove', run })}>ask</button></>;
}

it('names the question for who cannot see it, and does what it asks about only after a yes', async () => {
  const run = vi.fn();
  render(<MantineProvider env="test"><Asking run={run} /></MantineProvider>);
  await userEvent.click(screen.getByRole('button', { name: 'ask' }));
  expect(await screen.findByRole('dialog', { name: 'Remove' })).toBeTruthy();
  expect(run).not.toHaveBeenCalled();
  await userEvent.click(screen.getByRole('button', { name: 'Remove' }));
  expect(run).toHaveBeenCalledOnce();
});
