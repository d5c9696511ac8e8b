import { useQuery } from '@tanstack/react-query';
import type { ResourceLanguage } from 'i18next';
import { useTranslation } from 'react-i18next';
import type { Language } from '.';

export type Words = Record<Language, () => Promise<{ default: ResourceLanguage }>>;

/**
 * Adds the words that one screen alone needs, in the reader's language, when that screen is opened: with
 * the others they would weigh on every first screen. Says whether they are still on their way.
 */
export function useWords(screen: string, words: Words): boolean {
  const { i18n } = useTranslation();
  const language = i18n.language as Language;
  return useQuery({
    queryKey: ['words', screen, language],
    staleTime: Infinity,
    gcTime: Infinity,
    queryFn: async () => {
      i18n.addResourceBundle(language, 'translation', (await words[language]()).default, true, true);
      return true;
    },
  }).isPending;
}
