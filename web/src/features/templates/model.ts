import type { TemplateButton, TemplateDefinition, TemplateFault, TemplateVariable } from '@/api/types';
import { stated } from '@/i18n/statement';

export const emptyDefinition: TemplateDefinition = { category: 'UTILITY', body: '', footer: '', buttons: [], variables: [] };

/** Codes people pick most; the server knows them all. */
export const languageCodes = ['en', 'en_AU', 'en_GB', 'en_US', 'it', 'fr', 'fr_CA', 'ro', 'es', 'es_MX', 'de', 'pt_PT', 'pt_BR', 'nl', 'pl', 'el', 'tr', 'ar', 'he', 'hi', 'id', 'vi', 'zh_CN', 'ja', 'ko'];

/** The faults of a field and of what is inside it: "buttons[1]" has those of "buttons[1].url". */
export function faultsAt(faults: TemplateFault[] | undefined, field: string): string {
  return (faults ?? []).filter((f) => f.field === field || f.field.startsWith(`${field}.`)).map((f) => stated(f.parts, f.text)).join(' ');
}

/** Those whose field has no place of its own in the form. */
export function otherFaults(faults: TemplateFault[] | undefined): TemplateFault[] {
  const own = /^(name|language|category|body|footer|header(\..*)?|buttons(\[\d+\](\..*)?)?|variables\[.+\](\..*)?)$/;
  return (faults ?? []).filter((f) => !own.test(f.field));
}

/** The next number for a variable of a text. */
export function nextVariable(text: string): string {
  const used = [...text.matchAll(/\{\{(\d+)\}\}/g)].map((m) => Number(m[1]));
  return `{{${Math.max(0, ...used) + 1}}}`;
}

/** A text with something put in place of what is selected; WhatsApp's marks go around it. */
export function wrap(text: string, from: number, to: number, mark: string): { text: string; from: number; to: number } {
  const inside = text.slice(from, to);
  return { text: text.slice(0, from) + mark + inside + mark + text.slice(to), from: from + mark.length, to: to + mark.length };
}

export function put(text: string, at: number, what: string): { text: string; from: number; to: number } {
  const end = at + what.length;
  return { text: text.slice(0, at) + what + text.slice(at), from: end, to: end };
}

/** The variables as they are edited: those of the text, with what was written about each before. */
export function keptVariables(found: TemplateVariable[], before: TemplateVariable[]): TemplateVariable[] {
  return found.map((v) => before.find((b) => b.in === v.in && b.name === v.name) ?? v);
}

export function setVariable(list: TemplateVariable[], v: TemplateVariable): TemplateVariable[] {
  const rest = list.filter((x) => x.in !== v.in || x.name !== v.name);
  return [...rest, v];
}

export function moved(list: TemplateButton[], i: number, by: number): TemplateButton[] {
  const next = [...list];
  const [b] = next.splice(i, 1);
  if (b) next.splice(Math.max(0, i + by), 0, b);
  return next;
}

export interface Group<T> { name: string; items: T[] }

/** Templates by name, the languages of each beside each other. */
export function byName<T extends { name: string }>(items: T[]): Group<T>[] {
  const out: Group<T>[] = [];
  for (const x of items) {
    const group = out.find((g) => g.name === x.name);
    if (group) group.items.push(x);
    else out.push({ name: x.name, items: [x] });
  }
  return out;
}
