export interface NumberField { name: string; min: number; max: number; unit?: 'minutes' | 'hours' | 'messages'; scale?: number; fallback: number }

/** The numbers an owner may change, with the product's own where none is stored. */
export const numbers: { limits: NumberField[]; budget: NumberField[] } = {
  limits: [
    { name: 'cap_day', min: 1, max: 20, fallback: 1 },
    { name: 'cap_month', min: 1, max: 100, fallback: 4 },
    { name: 'delete_grace_minutes', min: 1, max: 1440, unit: 'minutes', fallback: 15 },
    { name: 'handoff_hours', min: 1, max: 720, unit: 'hours', fallback: 168 },
    { name: 'max_auto_replies', min: 1, max: 50, fallback: 3 },
  ],
  budget: [
    { name: 'llm_daily_micros', min: 0.01, max: 1000, scale: 1e6, fallback: 5_000_000 },
    { name: 'llm_daily_tokens', min: 1, max: 1e9, fallback: 2_000_000 },
  ],
};

/** The value as a person reads it. */
export function numberOf(settings: Record<string, unknown>, f: NumberField): number {
  const stored = settings[f.name];
  return (typeof stored === 'number' && stored !== 0 ? stored : f.fallback) / (f.scale ?? 1);
}
