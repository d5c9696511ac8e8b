import { stated, type Statement } from './statement';

/**
 * What the server wrote down – why an event was settled so, why a verdict is what it is – in the reader's
 * language. The words are those of the part "said", which a screen that uses this brings.
 */
export function said(statements: readonly Statement[] | null | undefined, english: string): string {
  return stated(statements, english);
}

/** What a rule that came with the program is about; its name is its code. */
export function shippedRule(rule: { name: string; text: string }): string {
  return stated([{ code: `rule_${rule.name}`, values: {}, text: rule.text }], rule.text);
}
