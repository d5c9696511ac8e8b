import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keepFocus } from './focus';

const settled = () => new Promise((done) => setTimeout(done));

function open(body: string): { close: HTMLElement; body: HTMLElement } {
  document.body.innerHTML = `<main id="content" tabindex="-1"><button id="opener">Open</button></main>
    <div role="dialog"><button class="mantine-Modal-close">Close</button><div class="mantine-Modal-body">${body}</div></div>`;
  document.getElementById('opener')?.focus();
  const at = (selector: string) => document.querySelector<HTMLElement>(selector) as HTMLElement;
  at('.mantine-Modal-close').focus(); // as the dialog does by itself
  return { close: at('.mantine-Modal-close'), body: at('.mantine-Modal-body') };
}

describe('a dialog', () => {
  let end: () => void;
  beforeEach(() => { end = keepFocus(); });
  afterEach(() => { end(); document.body.innerHTML = ''; });

  it('begins in its first field', () => {
    open('<input aria-label="Name">');
    expect(document.activeElement?.getAttribute('aria-label')).toBe('Name');
  });

  it('begins there as soon as what it shows has been read', async () => {
    const { close, body } = open('<div role="status">Loading</div>');
    expect(document.activeElement).toBe(close);
    body.innerHTML = '<select aria-label="Template"></select>';
    await settled();
    expect(document.activeElement?.getAttribute('aria-label')).toBe('Template');
  });

  it('leaves whoever has gone on by themselves where they are', async () => {
    const { body } = open('<div role="status">Loading</div>');
    document.getElementById('opener')?.focus();
    body.innerHTML = '<input aria-label="Late">';
    await settled();
    expect(document.activeElement?.id).toBe('opener');
  });
});
