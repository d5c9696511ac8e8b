import { Button, Menu, TextInput } from '@mantine/core';
import { IconCheck, IconChevronDown } from '@tabler/icons-react';
import { useState, type KeyboardEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { useAgents, useTeams } from '@/api/desk';
import { useMe } from '@/api/session';
import type { ConversationDetail, Role } from '@/api/types';
import { Tag } from '@/ui/parts';
import { Dotted } from '@/ui/sep';
import { failed, told } from '@/ui/toast';
import { useAssign, useMembers } from './queries';

/** A menu takes letters for its lines; in a field they are words. Arrows lead on to the lines. */
const within = (e: KeyboardEvent) => { if (!/^(ArrowDown|ArrowUp|Escape)$/.test(e.key)) e.stopPropagation(); };

const answers: Role[] = ['owner', 'admin', 'supervisor', 'agent'];

/** Whose it is: a member who answers, and a team. One press takes it, a menu gives it to somebody else. */
export function Owner({ c, converse }: { c: ConversationDetail; converse: boolean }) {
  const { t } = useTranslation();
  const me = useMe().data?.user;
  const [opened, setOpened] = useState(false);
  const assign = useAssign(c.id);
  const whose = [c.assignee ? (c.assignee.id === me?.id ? t('inbox.mine') : c.assignee.name) : '', c.team].filter(Boolean);
  const label = whose.length > 0 ? <Dotted of={whose} /> : t('inbox.assign');
  if (!converse) return c.assignee || c.team ? <Tag>{label}</Tag> : null;
  const give = (user: number | null, team?: string, note?: string) => { setOpened(false); assign.mutate({ user, ...(team === undefined ? {} : { team }), ...(note ? { note } : {}) }, { onSuccess: () => told(t('inbox.assigned')), onError: failed }); };
  return (
    <Menu opened={opened} onChange={setOpened} position="bottom-end" width={240} withinPortal>
      <Menu.Target><Button variant="subtle" size="compact-sm" maw={190} loading={assign.isPending} rightSection={<IconChevronDown size={14} aria-hidden />}><span className="clip">{label}</span></Button></Menu.Target>
      <Menu.Dropdown>{opened && <Choices c={c} me={me?.id} onGive={give} />}</Menu.Dropdown>
    </Menu>
  );
}

interface ChoicesProps { c: ConversationDetail; me: number | undefined; onGive: (user: number | null, team?: string, note?: string) => void }

function Choices({ c, me, onGive }: ChoicesProps) {
  const { t } = useTranslation();
  const members = (useMembers().data?.items ?? []).filter((m) => answers.includes(m.role));
  const teams = useTeams().data?.items ?? [];
  const agents = useAgents().data?.items ?? [];
  const state = (id: number) => { const a = agents.find((x) => x.user_id === id); return !a ? '' : a.away ? t('team.away') : !a.present ? t('team.absent') : `${a.open}/${a.capacity}`; };
  const [team, setTeam] = useState('');
  const [note, setNote] = useState('');
  const now = c.assignee?.id ?? null;
  const tick = (on: boolean) => (on ? { rightSection: <IconCheck size={15} aria-hidden /> } : {});
  return (
    <>
      <div style={{ padding: '6px 8px 2px' }}><TextInput size="xs" maxLength={1000} aria-label={t('inbox.transfer_note')} placeholder={t('inbox.transfer_note')} value={note} onChange={(e) => setNote(e.currentTarget.value)} onKeyDown={within} /></div>
      <Menu.Label>{t('inbox.assign_member')}</Menu.Label>
      {[...members].sort((a, b) => Number(b.user_id === me) - Number(a.user_id === me)).map((m) => <Menu.Item key={m.user_id} aria-current={m.user_id === now} {...tick(m.user_id === now)} onClick={() => onGive(m.user_id, undefined, note)}>{m.user_id !== me ? m.name || m.email : t(now === me ? 'inbox.mine' : 'inbox.assign_me')}<small style={{ color: 'var(--mantine-color-dimmed)', marginInlineStart: 8 }}>{state(m.user_id)}</small></Menu.Item>)}
      {now !== null && <Menu.Item onClick={() => onGive(null)}>{t('inbox.assign_nobody')}</Menu.Item>}
      <Menu.Label>{t('contact.team')}</Menu.Label>
      {teams.map((x) => <Menu.Item key={x.name} aria-current={x.name === c.team} {...tick(x.name === c.team)} onClick={() => onGive(null, x.name, note)}>{x.name}</Menu.Item>)}
      {c.team && <Menu.Item onClick={() => onGive(now, '')}>{t('inbox.no_team')}</Menu.Item>}
      <form style={{ padding: '4px 8px 6px' }} onSubmit={(e) => { e.preventDefault(); if (team.trim()) onGive(now, team.trim()); }}>
        <TextInput size="xs" maxLength={60} aria-label={t('inbox.other_team')} placeholder={t('inbox.other_team')} value={team} onChange={(e) => setTeam(e.currentTarget.value)} onKeyDown={within} />
      </form>
    </>
  );
}
