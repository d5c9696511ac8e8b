import i18n, { type FormatterModule, type ResourceLanguage } from 'i18next';
import { initReactI18next } from 'react-i18next';
import en from './locales/en.json';

export const languages = { en: 'English', it: 'Italiano', fr: 'Français', ro: 'Română' } as const;
export type Language = keyof typeof languages;

/** Words that some screens alone need, each in a folder beside the words that every screen needs. */
export const sections = ['accounts', 'audit', 'campaigns', 'compliance', 'consent', 'contacts', 'events', 'figures', 'flows', 'home', 'imports', 'inbox', 'knowledge', 'leads', 'links', 'moderation', 'outbox', 'person', 'policies', 'profile', 'rehearse', 'said', 'said_flows', 'said_refusals', 'said_templates', 'settings', 'team', 'templates'] as const;
export type Section = (typeof sections)[number];

const storageKey = 'ponte.language';
const files = import.meta.glob<{ default: ResourceLanguage }>(['./*/*.json', '!./locales/en.json']);
const opened = new Set<Section | 'locales'>(['locales']);
const brought = new Set<unknown>();
let wanted: Language = 'en';

/** Brings the words of one part in one language, once. */
async function bring(part: Section | 'locales', language: Language): Promise<void> {
  const file = files[`./${part}/${language}.json`];
  if (!file || brought.has(file)) return;
  const words = (await file()).default;
  brought.add(file);
  i18n.addResourceBundle(language, part.startsWith('said') ? 'said' : 'translation', words, true, true);
}

/** Brings the words of a screen in the reader's language; a screen is drawn when they are there. */
export async function openWords(section: Section): Promise<void> {
  opened.add(section);
  await bring(section, wanted);
}

function isLanguage(value: string | null | undefined): value is Language {
  return value !== null && value !== undefined && value in languages;
}

/** The language chosen here, else the member's own, else the browser's, else English. */
export function pickLanguage(stored: string | null, member: string | undefined, browser: readonly string[]): Language {
  if (isLanguage(stored)) return stored;
  if (isLanguage(member)) return member;
  return browser.map((l) => l.slice(0, 2)).find(isLanguage) ?? 'en';
}

/** Loads a language where it is wanted for the first time, with the words of every screen opened so far, and switches to it. */
export async function switchTo(language: Language): Promise<void> {
  wanted = language;
  try {
    await Promise.all([...opened].map((part) => bring(part, language)));
  } catch (error) {
    if (wanted === language) wanted = i18n.language as Language; // what is opened from now on speaks as the rest does
    throw error;
  }
  if (wanted !== language) return; // another was asked for meanwhile
  await i18n.changeLanguage(language);
  document.documentElement.lang = language;
}

/** Remembers a choice made in this browser. */
export async function chooseLanguage(language: Language): Promise<void> {
  localStorage.setItem(storageKey, language);
  await switchTo(language);
}

/** Switches to the language that fits this browser and this member. */
export async function startLanguage(member?: string): Promise<void> {
  await switchTo(pickLanguage(localStorage.getItem(storageKey), member, navigator.languages));
}

/** Counts are grouped as the reader's language groups them; other numbers are names of things and stay. */
const counts: FormatterModule = {
  type: 'formatter',
  init: () => undefined,
  add: () => undefined,
  addCached: () => undefined,
  format: (value: unknown, _format, language, options) => (typeof value === 'number' && options?.['interpolationkey'] === 'count' ? new Intl.NumberFormat(language).format(value) : (value as string)),
};

void i18n.use(counts).use(initReactI18next).init({
  lng: 'en',
  fallbackLng: 'en',
  resources: { en: { translation: en } },
  interpolation: { escapeValue: false, alwaysFormat: true },
  returnNull: false,
});

/** The text for a code that the server sent, or the code itself made readable where we know no text. */
export function codeText(group: string, code: string): string {
  if (!code) return '';
  const key = `${group}.${code}`;
  return i18n.exists(key) ? i18n.t(key) : code.replaceAll('_', ' ');
}

export { i18n };
