import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';
import { findBinding, keyName, useKeys, useScopes, type Binding } from './keys';

const binding = (key: string, run = vi.fn()): Binding => ({ key, label: key, run });

describe('keyName', () => {
  it.each([
    [{ key: 'A', ctrlKey: false, metaKey: false, altKey: false }, 'a'],
    [{ key: 'k', ctrlKey: true, metaKey: false, altKey: false }, 'mod+k'],
    [{ key: 'Enter', ctrlKey: false, metaKey: false, altKey: false }, 'Enter'],
    [{ key: 'a', ctrlKey: false, metaKey: false, altKey: true }, ''],
  ])('%o', (event, want) => expect(keyName(event)).toBe(want));
});

describe('findBinding', () => {
  it('prefers the newest scope and knows pairs', () => {
    const old = binding('r');
    const fresh = binding('r');
    const pair = binding('g r');
    const scopes = [{ title: 'all', bindings: [old, pair] }, { title: 'screen', bindings: [fresh] }];
    expect(findBinding(scopes, 'r', '')).toBe(fresh);
    expect(findBinding(scopes, 'r', 'g')).toBe(pair);
    expect(findBinding(scopes, 'x', '')).toBeUndefined();
  });
});

function Screen({ bindings, modal = false }: { bindings: Binding[]; modal?: boolean }) {
  useKeys('Screen', bindings);
  return <div><input aria-label="field" />{modal && <div role="dialog" aria-modal="true" />}<span>{useScopes().map((s) => s.title).join()}</span></div>;
}

describe('useKeys', () => {
  it('runs a key, but not while somebody writes', async () => {
    const run = vi.fn();
    render(<Screen bindings={[binding('h', run)]} />);
    await userEvent.keyboard('h');
    expect(run).toHaveBeenCalledTimes(1);
    await userEvent.type(screen.getByLabelText('field'), 'hh');
    expect(run).toHaveBeenCalledTimes(1);
  });

  it('runs the second half of a pair and not the single key of the same name', async () => {
    const go = vi.fn();
    const single = vi.fn();
    render(<Screen bindings={[binding('g m', go), binding('m', single)]} />);
    await userEvent.keyboard('gm');
    expect([go.mock.calls.length, single.mock.calls.length]).toEqual([1, 0]);
    await userEvent.keyboard('m');
    expect(single).toHaveBeenCalledTimes(1);
  });

  it('is silent behind a dialog and after the screen is gone', async () => {
    const run = vi.fn();
    const { rerender, unmount } = render(<Screen bindings={[binding('d', run)]} modal />);
    await userEvent.keyboard('d');
    expect(run).not.toHaveBeenCalled();
    rerender(<Screen bindings={[binding('d', run)]} />);
    expect(screen.getByText('Screen')).toBeInTheDocument();
    unmount();
    await userEvent.keyboard('d');
    expect(run).not.toHaveBeenCalled();
  });

  it('calls the newest function of a binding', async () => {
    const first = vi.fn();
    const second = vi.fn();
    const { rerender } = render(<Screen bindings={[binding('z', first)]} />);
    rerender(<Screen bindings={[binding('z', second)]} />);
    await userEvent.keyboard('z');
    expect([first.mock.calls.length, second.mock.calls.length]).toEqual([0, 1]);
  });
});
