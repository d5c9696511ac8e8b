import i18n, { type ResourceLanguage } from 'i18next';
import { initReactI18next } from 'react-i18next';
import en from './locales/en.json';

export const languages = { en: 'English', it: 'Italiano', fr: 'Français', ro: 'Română' } as const;
export type Language = keyof typeof languages;

const storageKey = 'ponte.language';
const loaders: Record<Exclude<Language, 'en'>, () => Promise<{ default: ResourceLanguage }>> = {
  it: () => import('./locales/it.json'),
  fr: () => import('./locales/fr.json'),
  ro: () => import('./locales/ro.json'),
};

function isLanguage(value: string | null | undefined): value is Language {
  return value !== null && value !== undefined && value in languages;
}

/** The language chosen here, else the member's own, else the browser's, else English. */
export function pickLanguage(stored: string | null, member: string | undefined, browser: readonly string[]): Language {
  if (isLanguage(stored)) return stored;
  if (isLanguage(member)) return member;
  return browser.map((l) => l.slice(0, 2)).find(isLanguage) ?? 'en';
}

/** Loads a language when it is first wanted, and switches to it. */
export async function switchTo(language: Language): Promise<void> {
  if (language !== 'en' && !i18n.hasResourceBundle(language, 'translation')) {
    const bundle = await loaders[language]();
    i18n.addResourceBundle(language, 'translation', bundle.default);
  }
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

void i18n.use(initReactI18next).init({
  lng: 'en',
  fallbackLng: 'en',
  resources: { en: { translation: en } },
  interpolation: { escapeValue: false },
  returnNull: false,
});

/** The text for a code that the server sent, or the code itself made readable where we know no text. */
export function codeText(group: string, code: string): string {
  if (!code) return '';
  const key = `${group}.${code}`;
  return i18n.exists(key) ? i18n.t(key) : code.replaceAll('_', ' ');
}

export { i18n };
