export interface Later { name: 'hour' | 'evening' | 'tomorrow' | 'monday'; at: Date }

/** Times that people mean by "later", those that are still ahead. */
export function laterTimes(now: Date): Later[] {
  const at = (days: number, hour: number) => new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, hour);
  const toMonday = (8 - now.getDay()) % 7 || 7;
  const all: Later[] = [{ name: 'hour', at: new Date(now.getTime() + 3_600_000) }, { name: 'evening', at: at(0, 18) }, { name: 'tomorrow', at: at(1, 9) }, { name: 'monday', at: at(toMonday, 9) }];
  return all.filter((x) => x.at.getTime() > now.getTime() + 15 * 60_000);
}

/** What a field for date and time shows. */
export function localValue(at: Date): string {
  const two = (n: number) => String(n).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

const variable = /\{\{\s*(name|first_name|agent|brand)\s*\}\}/g;

/** Fills the variables of a quick reply; what is not known stays to be seen and filled by hand. */
export function fillVariables(text: string, known: { name: string; agent: string; brand: string }): string {
  const values: Record<string, string> = { name: known.name, first_name: known.name.replace(/^@/, '').split(' ')[0] ?? '', agent: known.agent, brand: known.brand };
  return text.replace(variable, (all, key: string) => values[key] || all);
}

/** The members whose names stand after an @ in the text. */
export function mentioned(text: string, members: readonly { user_id: number; name: string; email: string }[]): number[] {
  const low = text.toLowerCase();
  return members.filter((m) => low.includes(`@${(m.name || m.email).toLowerCase()}`)).map((m) => m.user_id);
}

/** What is being typed after the last @, where that is what stands before the cursor. */
export function mentionQuery(text: string, cursor: number): string | undefined {
  return /(?:^|\s)@([^\s@]{0,30})$/.exec(text.slice(0, cursor))?.[1];
}
