import { ActionIcon, Button, Group, Modal, MultiSelect, NumberInput, Select, Stack, Switch, TagsInput, TextInput } from '@mantine/core';
import { IconPencil, IconTrash, IconUsersGroup } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useAgents, useTeams } from '@/api/desk';
import { ApiError } from '@/api/errors';
import { useMissed } from '@/api/flows';
import { useMe } from '@/api/session';
import type { Agent, OpeningHours, Team, TeamInput } from '@/api/types';
import { languages } from '@/i18n';
import { useConfirm } from '@/ui/confirm';
import { Table, Tag } from '@/ui/parts';
import { Empty, Loaded } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import { usualHours, weekIsRight } from '@/ui/week';
import { WeekHours } from '@/ui/week-hours';
import { useMembers, useRemoveTeam, useSaveTeam, useSetAgent, useSetAway } from './queries';

const languageChoices = Object.entries(languages).map(([value, label]) => ({ value, label }));

function useNames(): (id: number) => string {
  const members = useMembers().data?.items ?? [];
  return (id) => { const m = members.find((x) => x.user_id === id); return m ? m.name || m.email : `#${id}`; };
}

/** Members as conversations find them: who is there, what they can take, what they know. */
export function Agents() {
  const { t } = useTranslation();
  const name = useNames();
  const [edit, setEdit] = useState<Agent>();
  return (
    <>
      <Loaded query={useAgents()}>
        {({ items }) => (
          <Table label={t('team.agents')} head={[t('team.name'), t('team.presence'), t('team.load'), t('team.skills'), t('team.speaks'), '']}>
            {items.map((a) => (
              <tr key={a.user_id}>
                <td><strong>{name(a.user_id)}</strong>{a.teams.length > 0 && <div style={{ color: 'var(--mantine-color-dimmed)' }}>{a.teams.join(', ')}</div>}</td>
                <td>{a.away ? <Tag tone="warn" title={a.away_note}>{t('team.away')}</Tag> : a.present ? <Tag tone="good">{t('team.present')}</Tag> : <Tag>{t('team.absent')}</Tag>}</td>
                <td style={{ whiteSpace: 'nowrap' }}>{t('team.open_of', { open: a.open, capacity: a.capacity })}</td>
                <td>{a.skills.join(', ')}</td>
                <td>{a.languages.map((l) => languages[l as keyof typeof languages] ?? l).join(', ')}</td>
                <td style={{ textAlign: 'end' }}><ActionIcon variant="subtle" color="gray" aria-label={t('team.edit_named', { name: name(a.user_id) })} onClick={() => setEdit(a)}><IconPencil size={16} aria-hidden /></ActionIcon></td>
              </tr>
            ))}
          </Table>
        )}
      </Loaded>
      {edit && <AgentForm a={edit} name={name(edit.user_id)} onClose={() => setEdit(undefined)} />}
    </>
  );
}

function AgentForm({ a, name, onClose }: { a: Agent; name: string; onClose: () => void }) {
  const { t } = useTranslation();
  const save = useSetAgent();
  const away = useSetAway();
  const [capacity, setCapacity] = useState<number | ''>(a.own_capacity ?? '');
  const [skills, setSkills] = useState(a.skills);
  const [speaks, setSpeaks] = useState(a.languages);
  const [gone, setGone] = useState(a.away);
  const submit = async () => {
    try {
      if (gone !== a.away) await away.mutateAsync({ id: a.user_id, away: gone });
      await save.mutateAsync({ id: a.user_id, capacity: capacity === '' ? null : capacity, skills, languages: speaks });
      told(t('act.saved'));
      onClose();
    } catch (error) { failed(error); }
  };
  return (
    <Modal opened onClose={onClose} title={name} closeButtonProps={{ 'aria-label': t('act.close') }}>
      <form onSubmit={(e) => { e.preventDefault(); void submit(); }}>
        <Stack gap="sm">
          <NumberInput label={t('team.capacity')} description={t('team.capacity_text', { n: a.capacity })} min={0} max={500} value={capacity} onChange={(v) => setCapacity(typeof v === 'number' ? v : '')} data-autofocus />
          <TagsInput label={t('team.skills')} description={t('team.skills_text')} value={skills} onChange={setSkills} />
          <MultiSelect label={t('team.speaks')} value={speaks} onChange={setSpeaks} data={[...languageChoices, ...speaks.filter((l) => !(l in languages))]} />
          <Switch label={t('team.away')} description={t('bell.away_text')} checked={gone} onChange={(e) => setGone(e.currentTarget.checked)} />
          <Group justify="flex-end"><Button type="submit" loading={save.isPending || away.isPending}>{t('act.save')}</Button></Group>
        </Stack>
      </form>
    </Modal>
  );
}

const fresh: TeamInput = { name: '', skills: [], languages: [], escalate_to: '', member_ids: [] };

/** Teams that conversations are routed to by name. */
export function Teams({ adding, onAdded }: { adding: boolean; onAdded: () => void }) {
  const { t } = useTranslation();
  const query = useTeams();
  const name = useNames();
  const remove = useRemoveTeam();
  const missed = useMissed('teams');
  const [ask, dialog] = useConfirm();
  const [edit, setEdit] = useState<{ id: number; team: TeamInput }>();
  const open = edit ?? (adding ? { id: 0, team: fresh } : undefined);
  return (
    <>
      <Loaded query={query} rows={2}>
        {({ items }) => items.length === 0 ? <div className="panel"><Empty title={t('team.no_teams')} icon={<IconUsersGroup size={24} stroke={1.4} aria-hidden />}>{t('team.no_teams_text')}</Empty></div> : (
          <Table label={t('team.teams')} head={[t('team.name'), t('team.members'), t('team.waiting'), t('team.escalates'), '']}>
            {items.map((x) => (
              <tr key={x.id || x.name}>
                <td style={{ minWidth: '9rem' }}><strong>{x.name}</strong>{x.id === 0 && <div style={{ color: 'var(--mantine-color-dimmed)' }}>{t('team.only_a_name')}</div>}{x.skills.length > 0 && <div style={{ color: 'var(--mantine-color-dimmed)' }}>{x.skills.join(', ')}</div>}</td>
                <td>{x.member_ids.map(name).join(', ') || (x.id !== 0 && <Tag tone="warn">{t('team.nobody')}</Tag>)}</td>
                <td style={{ whiteSpace: 'nowrap' }}>{t('team.waiting_of', { waiting: x.waiting, open: x.open })}</td>
                <td>{x.escalate_to || (x.id !== 0 && t('team.supervisors'))}</td>
                <td style={{ textAlign: 'end', whiteSpace: 'nowrap' }}>
                  <ActionIcon variant="subtle" color="gray" aria-label={t('team.edit_named', { name: x.name })} onClick={() => setEdit({ id: x.id, team: input(x) })}><IconPencil size={16} aria-hidden /></ActionIcon>
                  {x.id !== 0 && <ActionIcon variant="subtle" color="red" aria-label={t('act.remove_named', { name: x.name })} onClick={() => ask({ text: t('act.sure_remove', { name: x.name }) + missed(x.name), verb: t('act.remove'), run: () => remove.mutate(x.id, { onError: failed }) })}><IconTrash size={16} aria-hidden /></ActionIcon>}
                </td>
              </tr>
            ))}
          </Table>
        )}
      </Loaded>
      {dialog}
      {open && <TeamForm key={open.id || open.team.name} id={open.id} start={open.team} others={(query.data?.items ?? []).filter((x) => x.id !== 0 && x.id !== open.id).map((x) => x.name)} onClose={() => { setEdit(undefined); onAdded(); }} />}
    </>
  );
}

const input = (x: Team): TeamInput => ({ name: x.name, skills: x.skills, languages: x.languages, escalate_to: x.escalate_to, member_ids: x.member_ids, ...(x.hours === undefined ? {} : { hours: x.hours }) });

function TeamForm({ id, start, others, onClose }: { id: number; start: TeamInput; others: string[]; onClose: () => void }) {
  const { t } = useTranslation();
  const members = useMembers().data?.items ?? [];
  const zone = useMe().data?.workspace.time_zone;
  const save = useSaveTeam();
  const { hours: kept, ...plain } = start;
  const [team, setTeam] = useState<TeamInput>(plain);
  const [hours, setHours] = useState(kept as OpeningHours | undefined);
  const set = (next: Partial<TeamInput>) => setTeam({ ...team, ...next });
  const error = (field: string) => (save.error instanceof ApiError ? save.error.field(field) : undefined);
  const right = !hours || weekIsRight(hours);
  return (
    <Modal opened onClose={onClose} title={id ? team.name : t('team.add_team')} closeButtonProps={{ 'aria-label': t('act.close') }}>
      <form onSubmit={(e) => { e.preventDefault(); if (right) save.mutate({ id, team: hours ? { ...team, hours } : team }, { onSuccess: () => { told(t('act.saved')); onClose(); }, onError: failed }); }}>
        <Stack gap="sm">
          <TextInput label={t('team.name')} description={t('team.team_name_text')} required maxLength={60} error={error('name')} value={team.name} onChange={(e) => set({ name: e.currentTarget.value })} data-autofocus />
          <MultiSelect label={t('team.members')} value={team.member_ids.map(String)} onChange={(v) => set({ member_ids: v.map(Number) })} data={members.map((m) => ({ value: String(m.user_id), label: m.name || m.email }))} searchable />
          <TagsInput label={t('team.skills')} value={team.skills} onChange={(v) => set({ skills: v })} />
          <MultiSelect label={t('team.speaks')} description={t('team.any_language')} value={team.languages} onChange={(v) => set({ languages: v })} data={languageChoices} />
          <Select label={t('team.escalates')} error={error('escalate_to')} value={team.escalate_to} onChange={(v) => set({ escalate_to: v ?? '' })} data={[{ value: '', label: t('team.supervisors') }, ...others]} />
          <Switch label={t('team.hours')} description={t('team.hours_text')} checked={hours !== undefined} onChange={(e) => setHours(e.currentTarget.checked ? usualHours(zone) : undefined)} />
          {hours && <WeekHours hours={hours} may onChange={setHours} problem={(f) => (f === 'closed' ? error('hours') : undefined)} />}
          <Group justify="flex-end"><Button type="submit" loading={save.isPending} disabled={!team.name.trim() || !right}>{t('act.save')}</Button></Group>
        </Stack>
      </form>
    </Modal>
  );
}
