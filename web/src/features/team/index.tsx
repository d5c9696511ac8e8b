import { Button, Select } from '@mantine/core';
import { IconKey, IconLink, IconPlus, IconUserPlus } from '@tabler/icons-react';
import { getRouteApi } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useCan, useMe } from '@/api/session';
import { ApiError } from '@/api/errors';
import type { Member, Role } from '@/api/types';
import { useConfirm } from '@/ui/confirm';
import { Ago, PageBody, PageHead, Table, Tag } from '@/ui/parts';
import { Views } from '@/ui/rows';
import { Empty, Failure, Loaded } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import { Agents, Teams } from './desk';
import { AddMember, AddToken, Link } from './forms';
import { Labels } from './labels';
import { useMembers, useRemoveMember, useRemoveToken, useSetRole, useTokens } from './queries';
import { roles } from './roles';

const route = getRouteApi('/team');

/** The people, and the programs that may call the API. */
export default function Team() {
  const { t } = useTranslation();
  const configure = useCan('configure');
  const [form, setForm] = useState<'member' | 'token' | undefined>();
  const [link, setLink] = useState<Member>();
  const supervise = useCan('supervise');
  const [adding, setAdding] = useState(false);
  const { tab = 'people' } = route.useSearch();
  const navigate = route.useNavigate();
  if (!supervise) return <Failure error={new ApiError(403, {})} />;
  const views = [{ value: 'people', label: t('team.people') }, { value: 'labels', label: t('labels.title') }] as const;
  const choose = <Views of={t('team.title')} value={tab} views={views} onView={(v) => void navigate({ search: v === 'people' ? {} : { tab: v } })} />;
  if (tab === 'labels') return <PageBody><PageHead title={t('team.title')}>{t('team.lead')}</PageHead>{choose}<Labels /></PageBody>;
  return (
    <PageBody>
      <PageHead title={t('team.title')} action={configure && <Button leftSection={<IconUserPlus size={16} aria-hidden />} onClick={() => setForm('member')}>{t('team.add')}</Button>}>{t('team.lead')}</PageHead>
      {choose}
      {configure && <Members onLink={setLink} />}
      <Section title={t('team.agents')} text={t('team.agents_text')}><Agents /></Section>
      <Section title={t('team.teams')} text={t('team.teams_text')} action={<Button variant="default" leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setAdding(true)}>{t('team.add_team')}</Button>}><Teams adding={adding} onAdded={() => setAdding(false)} /></Section>
      {configure && <Section title={t('team.tokens')} text={t('team.tokens_text')} action={<Button variant="default" leftSection={<IconKey size={16} aria-hidden />} onClick={() => setForm('token')}>{t('team.add_token')}</Button>}><Tokens /></Section>}
      {form === 'member' && <AddMember onClose={(m) => { setForm(undefined); setLink(m); }} />}
      {link && <Link member={link} onClose={() => setLink(undefined)} />}
      {form === 'token' && <AddToken onClose={() => setForm(undefined)} />}
    </PageBody>
  );
}

function Section({ title, text, action, children }: { title: string; text: string; action?: ReactNode; children: ReactNode }) {
  return (
    <section style={{ marginTop: 30 }}>
      <div style={{ display: 'flex', justifyContent: 'space-between', alignItems: 'end', gap: 12, marginBottom: 10, flexWrap: 'wrap' }}>
        <div><h2 style={{ margin: 0 }}>{title}</h2><p style={{ margin: 0, color: 'var(--mantine-color-dimmed)' }}>{text}</p></div>
        {action}
      </div>
      {children}
    </section>
  );
}

function Members({ onLink }: { onLink: (m: Member) => void }) {
  const { t } = useTranslation();
  return (
    <Loaded query={useMembers()}>
      {({ items }) => <Table label={t('team.people')} head={[t('team.name'), t('team.role'), t('team.since'), '']}>{items.map((m) => <MemberRow key={m.user_id} m={m} onLink={onLink} />)}</Table>}
    </Loaded>
  );
}

function MemberRow({ m, onLink }: { m: Member; onLink: (m: Member) => void }) {
  const { t } = useTranslation();
  const me = useMe().data;
  const setRole = useSetRole();
  const remove = useRemoveMember();
  const [ask, dialog] = useConfirm();
  const self = me?.user.id === m.user_id;
  const choices = roles.filter((r) => r !== 'owner' || me?.role === 'owner' || m.role === 'owner');
  return (
    <tr>
      <td><strong>{m.name || m.email}</strong>{m.name && <div style={{ color: 'var(--mantine-color-dimmed)' }}>{m.email}</div>}</td>
      <td style={{ width: 190 }}>{self ? <Tag tone="accent">{t(`role.${m.role}`)}</Tag> : <Select size="xs" miw={120} aria-label={t('team.role_of', { name: m.name || m.email })} value={m.role} disabled={setRole.isPending} onChange={(v) => v && setRole.mutate({ id: m.user_id, role: v as Role }, { onSuccess: () => told(t('act.saved')), onError: failed })} data={choices.map((r) => ({ value: r, label: t(`role.${r}`) }))} />}</td>
      <td>{m.created_at && <Ago at={m.created_at} />}</td>
      <td style={{ textAlign: 'end', whiteSpace: 'nowrap' }}>{!self && <Button variant="subtle" size="compact-sm" leftSection={<IconLink size={14} aria-hidden />} aria-label={t('team.link_of', { name: m.name || m.email })} onClick={() => onLink(m)}>{t('team.make_link')}</Button>}{!self && <Button variant="subtle" color="red" size="compact-sm" loading={remove.isPending} aria-label={t('act.remove_named', { name: m.name || m.email })} onClick={() => { ask({ text: t('act.sure_remove', { name: m.name || m.email }), verb: t('act.remove'), run: () => remove.mutate(m.user_id, { onError: failed }) }); }}>{t('act.remove')}</Button>}{dialog}</td>
    </tr>
  );
}

function Tokens() {
  const { t } = useTranslation();
  const remove = useRemoveToken();
  const [ask, dialog] = useConfirm();
  return (
    <Loaded query={useTokens()} rows={1}>
      {({ items }) => items.length === 0 ? <div className="panel"><Empty title={t('team.no_tokens')} icon={<IconKey size={24} stroke={1.4} aria-hidden />} /></div> : (
        <Table label={t('team.tokens')} head={[t('team.name'), t('team.role'), t('team.last_used'), '']}>
          {items.map((k) => (
            <tr key={k.id}>
              <td><strong>{k.name}</strong></td>
              <td>{t(`role.${k.role}`)}</td>
              <td>{k.last_used_at ? <Ago at={k.last_used_at} /> : t('team.never')}</td>
              <td style={{ textAlign: 'end' }}><Button variant="subtle" color="red" size="compact-sm" aria-label={t('act.remove_named', { name: k.name })} onClick={() => { ask({ text: t('act.sure_remove', { name: k.name }), verb: t('team.revoke'), run: () => remove.mutate(k.id, { onError: failed }) }); }}>{t('team.revoke')}</Button>{dialog}</td>
            </tr>
          ))}
        </Table>
      )}
    </Loaded>
  );
}
