import { act, renderHook } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { useCollision } from './use-collision';

const noon = '2026-05-04T12:00:00Z';

function writing(waiting: string | null) {
  return renderHook((p: { waiting: string | null; writing: boolean }) => useCollision(p.waiting, p.writing), { initialProps: { waiting, writing: true } });
}

describe('useCollision', () => {
  it('lets an answer go while nobody else answers', () => {
    const { result, rerender } = writing(noon);
    rerender({ waiting: noon, writing: true });
    expect(result.current.met).toBe(false);
  });

  it('stops once when somebody else has answered', () => {
    const { result, rerender } = writing(noon);
    rerender({ waiting: null, writing: true });
    expect(result.current.met).toBe(true);
    let stopped = false;
    act(() => { stopped = result.current.stops(); });
    expect([stopped, result.current.warned]).toEqual([true, true]);
    act(() => { stopped = result.current.stops(); });
    expect([stopped, result.current.met]).toEqual([false, false]);
  });

  it('says nothing of one\u2019s own answer going out, nor of a text begun afterwards', () => {
    const { result, rerender } = writing(noon);
    act(() => { result.current.stops(); });
    rerender({ waiting: null, writing: true });
    expect(result.current.met).toBe(false);
    rerender({ waiting: null, writing: false });
    rerender({ waiting: null, writing: true });
    expect(result.current.met).toBe(false);
  });

  it('asks again about the next text', () => {
    const { result, rerender } = writing(noon);
    rerender({ waiting: null, writing: true });
    act(() => { result.current.stops(); });
    rerender({ waiting: null, writing: false });
    rerender({ waiting: noon, writing: true });
    rerender({ waiting: null, writing: true });
    expect([result.current.met, result.current.warned]).toEqual([true, false]);
  });
});
