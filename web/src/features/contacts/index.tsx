import { Button, Group, TextInput } from '@mantine/core';
import { IconFileImport, IconMessageQuestion, IconSearch, IconUsers } from '@tabler/icons-react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useCan } from '@/api/session';
import type { Channel } from '@/api/types';
import { date, languageName } from '@/ui/format';
import { useKeys } from '@/ui/keys';
import { NothingYet } from '@/ui/nothing-yet';
import { ChannelMark, Face, PageBody, PageHead, Tag } from '@/ui/parts';
import { Row, Rows } from '@/ui/rows';
import { called } from '@/ui/who';
import css from './contacts.module.css';
import { Duplicates } from './duplicates';
import { Filters } from './filters';
import { useContacts, type ContactFilter } from './queries';

const route = getRouteApi('/contacts');

/** The people who commented or wrote. */
export default function Contacts() {
  const { t, i18n } = useTranslation();
  const filter = route.useSearch();
  const { q } = filter;
  const navigate = route.useNavigate();
  const configure = useCan('configure');
  const converse = useCan('converse');
  const list = useContacts(filter);
  const narrow = (next: Partial<ContactFilter>) => void navigate({ search: { ...filter, ...next }, replace: true });
  const find = (words: string) => { if (words.trim() !== (q ?? '')) narrow({ q: words.trim() || undefined }); };
  const narrowed = Object.values(filter).some(Boolean);
  useKeys(t('contacts.title'), [{ key: '/', label: t('contacts.search'), run: () => document.getElementById('find-people')?.focus() }]);
  return (
    <PageBody>
      <PageHead title={t('contacts.title')} action={<Group gap={8}>{converse && <Button renderRoot={(p) => <Link to="/consent/asking" {...p} />} variant="default" leftSection={<IconMessageQuestion size={16} aria-hidden />}>{t('asking.title')}</Button>}{configure && <Button renderRoot={(p) => <Link to="/contacts/imports" {...p} />} variant="default" leftSection={<IconFileImport size={16} aria-hidden />}>{t('imports.title')}</Button>}</Group>}>{t('contacts.lead')}</PageHead>
      <TextInput key={q ?? ''} id="find-people" mb={14} maw={380} aria-label={t('contacts.search')} placeholder={t('contacts.search')} leftSection={<IconSearch size={15} aria-hidden />} defaultValue={q ?? ''} onKeyDown={(e) => { if (e.key === 'Enter') find(e.currentTarget.value); }} onBlur={(e) => find(e.currentTarget.value)} />
      <Filters value={filter} onChange={narrow} />
      {converse && !narrowed && <Duplicates />}
      <Rows list={list} label={t('contacts.title')} empty={<NothingYet title={t(narrowed ? 'state.no_match' : 'contacts.none')} icon={<IconUsers size={26} stroke={1.4} aria-hidden />}>{t(narrowed ? 'state.no_match_text' : 'contacts.none_text')}</NothingYet>}>
        {(c) => (
          <Row key={c.id} mark={<Face name={c.name} />} side={<>{c.labels.slice(0, 3).map((l) => <Tag key={l}>{l}</Tag>)}{c.blocked_at && <Tag tone="bad">{t('contacts.blocked')}</Tag>}</>}>
            <Link to="/contacts/$id" params={{ id: String(c.id) }}><strong dir="auto">{called(c)}</strong></Link>
            <small>{c.channels.length > 0 && <span className={css.networks}>{c.channels.map((n) => <ChannelMark key={n} channel={n as Channel} />)}</span>}{languageName(c.language, i18n.language) && <span>{languageName(c.language, i18n.language)}</span>}<span>{t('contacts.since')} <time dateTime={c.created_at}>{date(c.created_at, i18n.language)}</time></span></small>
          </Row>
        )}
      </Rows>
    </PageBody>
  );
}
