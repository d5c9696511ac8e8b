import { describe, expect, it } from 'vitest';
import { partsOf, usualHours, weekIsRight, wrongPart } from './week';

describe('the parts of a day', () => {
  it.each([
    ['', []],
    ['9:00-13:00', ['09:00-13:00']],
    ['09:00 – 13:00; 14:00-17:30', ['09:00-13:00', '14:00-17:30']],
  ])('%s', (text, want) => expect(partsOf(text)).toEqual(want));

  it.each([
    [['09:00-17:00'], ''],
    [['14:00-24:00', '09:00-13:00'], ''],
    [['09:00-17'], '09:00-17'],
    [['17:00-09:00'], '17:00-09:00'],
    [['09:00-09:00'], '09:00-09:00'],
    [['09:00-13:00', '12:00-15:00'], '12:00-15:00'],
    [['09:00-24:30'], '09:00-24:30'],
  ])('%j', (parts, want) => expect(wrongPart(parts)).toBe(want));

  it('are looked at in every day of a week', () => {
    const hours = usualHours('Europe/Rome');
    expect(weekIsRight(hours)).toBe(true);
    expect(weekIsRight({ ...hours, week: { ...hours.week, sun: ['late'] } })).toBe(false);
  });
});
