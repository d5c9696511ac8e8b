import { TextInput } from '@mantine/core';
import { IconSearch, IconUsers } from '@tabler/icons-react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { languageName } from '@/ui/format';
import { useKeys } from '@/ui/keys';
import { Ago, Face, PageBody, PageHead, Tag } from '@/ui/parts';
import { Row, Rows } from '@/ui/rows';
import { Empty } from '@/ui/states';
import { useContacts } from './queries';

const route = getRouteApi('/contacts');

/** The people who commented or wrote. */
export default function Contacts() {
  const { t, i18n } = useTranslation();
  const { q } = route.useSearch();
  const navigate = route.useNavigate();
  const list = useContacts(q);
  const find = (words: string) => { if (words.trim() !== (q ?? '')) void navigate({ search: { q: words.trim() || undefined }, replace: true }); };
  useKeys(t('contacts.title'), [{ key: '/', label: t('contacts.search'), run: () => document.getElementById('find-people')?.focus() }]);
  return (
    <PageBody>
      <PageHead title={t('contacts.title')}>{t('contacts.lead')}</PageHead>
      <TextInput key={q ?? ''} id="find-people" mb={14} maw={380} aria-label={t('contacts.search')} placeholder={t('contacts.search')} leftSection={<IconSearch size={15} aria-hidden />} defaultValue={q ?? ''} onKeyDown={(e) => { if (e.key === 'Enter') find(e.currentTarget.value); }} onBlur={(e) => find(e.currentTarget.value)} />
      <Rows list={list} label={t('contacts.title')} empty={<Empty title={t(q ? 'state.no_match' : 'contacts.none')} icon={<IconUsers size={26} stroke={1.4} aria-hidden />}>{t(q ? 'state.no_match_text' : 'contacts.none_text')}</Empty>}>
        {(c) => (
          <Row key={c.id} mark={<Face name={c.name} />} side={<>{c.labels.slice(0, 3).map((l) => <Tag key={l}>{l}</Tag>)}{c.blocked_at && <Tag tone="bad">{t('contacts.blocked')}</Tag>}</>}>
            <Link to="/contacts/$id" params={{ id: String(c.id) }} dir="auto"><strong>{c.name || t('comment.nameless')}</strong></Link>
            <small>{languageName(c.language, i18n.language) && <span>{languageName(c.language, i18n.language)}</span>}<span>{t('contacts.since')} <Ago at={c.created_at} /></span></small>
          </Row>
        )}
      </Rows>
    </PageBody>
  );
}
