import { useTranslation } from 'react-i18next';
import { labelled } from './format';

/** The name of a button that stands in every row: what it does, and to which. What is seen of it comes first. */
export function useNamed(): (verb: string, ...of: (string | undefined)[]) => { 'aria-label': string } {
  const { i18n } = useTranslation();
  return (verb, ...of) => {
    const what = of.filter(Boolean).map((s) => (s && s.length > 90 ? `${s.slice(0, 90)}…` : s)).join(', ');
    return { 'aria-label': what ? labelled(verb, what, i18n.language) : verb };
  };
}
