import { ActionIcon, Button, Checkbox, Drawer, Group, Indicator, Modal, Select, Stack, Switch } from '@mantine/core';
import { IconBell, IconBellCog, IconChecks } from '@tabler/icons-react';
import { Link, type LinkProps } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useAgents, useChoices, useMeAway, useNotifications, useReadNotifications, useSetChoices } from '@/api/desk';
import type { Me, Notification as Told, NotificationChoices } from '@/api/types';
import { codeText, i18n } from '@/i18n';
import { Ago } from '@/ui/parts';
import { Empty, Loaded } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import { called } from '@/ui/who';
import css from './bell.module.css';

/** What the member was told, and what they want to hear of. */
export function Bell({ me }: { me: Me }) {
  const { t } = useTranslation();
  const query = useNotifications();
  const [opened, setOpened] = useState(false);
  const [choosing, setChoosing] = useState(false);
  const unread = query.data?.unread ?? 0;
  return (
    <>
      <Indicator disabled={unread === 0} label={unread > 99 ? '99+' : unread} size={16} offset={5} color="red.8">
        <ActionIcon variant="subtle" color="gray" size={34} aria-label={unread > 0 ? t('bell.unread', { count: unread }) : t('bell.title')} onClick={() => setOpened(true)}><IconBell size={19} stroke={1.7} aria-hidden /></ActionIcon>
      </Indicator>
      <Drawer opened={opened} onClose={() => setOpened(false)} position="right" size={360} title={t('bell.title')} closeButtonProps={{ 'aria-label': t('act.close') }}>
        <Loaded query={query}>{(data) => <List items={data.items} unread={data.unread} onGo={() => setOpened(false)} onChoose={() => setChoosing(true)} />}</Loaded>
      </Drawer>
      {choosing && <Choosing me={me} onClose={() => setChoosing(false)} />}
    </>
  );
}

function List({ items, unread, onGo, onChoose }: { items: Told[]; unread: number; onGo: () => void; onChoose: () => void }) {
  const { t } = useTranslation();
  const read = useReadNotifications();
  return (
    <>
      <Group justify="space-between" mb={8}>
        <Button variant="subtle" size="compact-sm" leftSection={<IconChecks size={15} aria-hidden />} disabled={unread === 0} onClick={() => read.mutate({ up_to: items[0]?.id ?? 0 }, { onError: failed })}>{t('bell.all_read')}</Button>
        <Button variant="subtle" size="compact-sm" leftSection={<IconBellCog size={15} aria-hidden />} onClick={onChoose}>{t('bell.choose')}</Button>
      </Group>
      {items.length === 0 ? <Empty title={t('bell.none')} icon={<IconBell size={24} stroke={1.4} aria-hidden />} /> : (
        <ul className={css.list} aria-label={t('bell.title')}>{items.map((n) => <Item key={n.id} n={n} onGo={() => { if (!n.read_at) read.mutate({ ids: [n.id] }); onGo(); }} />)}</ul>
      )}
    </>
  );
}

function Item({ n, onGo }: { n: Told; onGo: () => void }) {
  const words = <><b>{heading(n)}</b>{n.conversation_id && <span className="clip" dir="auto">{who(n)}</span>}<small><Ago at={n.at} /></small></>;
  const where = screens[n.kind];
  return (
    <li className={css.item} data-unread={!n.read_at}>
      {n.conversation_id ? <Link to="/inbox" search={{ view: 'all', id: n.conversation_id }} onClick={onGo}>{words}</Link> : where ? <Link {...where} onClick={onGo}>{words}</Link> : <button type="button" onClick={onGo}>{words}</button>}
    </li>
  );
}

const who = (n: Told) => called({ name: n.contact_name, erased: n.contact_erased, known: n.contact_known });

/** What happened; of a deadline also which, since a conversation has several. */
function heading(n: Told): string {
  const deadline = (n.data as { deadline?: string }).deadline;
  const kind = codeText('notification', n.kind);
  return deadline ? i18n.t('bell.of_deadline', { kind, deadline: codeText('bell.deadline', deadline) }) : kind;
}

/** Where that is seen which is about no conversation. */
const screens: Record<string, LinkProps | undefined> = {
  'account.trouble': { to: '/accounts' },
  'budget.alarm': { to: '/settings' },
  'compliance.item': { to: '/compliance' },
  'version.ready': { to: '/policies', search: { tab: 'versions' } },
  'webhook.paused': { to: '/settings', search: { tab: 'webhooks' } },
};

function Choosing({ me, onClose }: { me: Me; onClose: () => void }) {
  const { t } = useTranslation();
  const query = useChoices();
  return (
    <Modal opened onClose={onClose} size="lg" title={t('bell.choose')} closeButtonProps={{ 'aria-label': t('act.close') }}>
      {me.permissions.includes('converse') && <Away id={me.user.id} />}
      <Loaded query={query}>{(data) => <ChoiceForm start={data} onClose={onClose} />}</Loaded>
    </Modal>
  );
}

/** Who is away gets no conversations. */
function Away({ id }: { id: number }) {
  const { t } = useTranslation();
  const mine = useAgents().data?.items.find((a) => a.user_id === id);
  const set = useMeAway();
  return <Switch mb="md" label={t('bell.away')} description={t('bell.away_text')} checked={mine?.away ?? false} disabled={set.isPending} onChange={(e) => set.mutate({ away: e.currentTarget.checked, give_back: e.currentTarget.checked }, { onError: failed })} />;
}

const waits = [5, 15, 60, 240, 1440];

function ChoiceForm({ start, onClose }: { start: NotificationChoices; onClose: () => void }) {
  const { t } = useTranslation();
  const [choices, setChoices] = useState(start);
  const save = useSetChoices();
  const flip = (where: 'email' | 'browser', kind: string, on: boolean) => setChoices({ ...choices, [where]: on ? [...choices[where], kind] : choices[where].filter((k) => k !== kind) });
  const submit = async () => {
    if (choices.browser.length > 0 && 'Notification' in window && Notification.permission === 'default') await Notification.requestPermission();
    save.mutate({ email: choices.email, browser: choices.browser, digest_minutes: choices.digest_minutes }, { onSuccess: () => { told(t('act.saved')); onClose(); }, onError: failed });
  };
  return (
    <form onSubmit={(e) => { e.preventDefault(); void submit(); }}>
      <Stack gap="sm">
        <table className={css.choices}>
          <thead><tr><th scope="col">{t('bell.kind')}</th><th scope="col">{t('bell.email')}</th><th scope="col">{t('bell.browser')}</th></tr></thead>
          <tbody>
            {(start.kinds ?? []).map((kind) => (
              <tr key={kind}>
                <th scope="row">{codeText('notification', kind)}</th>
                {(['email', 'browser'] as const).map((where) => <td key={where}><Checkbox aria-label={`${codeText('notification', kind)}: ${t(`bell.${where}`)}`} checked={choices[where].includes(kind)} onChange={(e) => flip(where, kind, e.currentTarget.checked)} /></td>)}
              </tr>
            ))}
          </tbody>
        </table>
        <Select label={t('bell.digest')} description={start.mail ? undefined : t('bell.no_mail')} value={String(choices.digest_minutes)} onChange={(v) => setChoices({ ...choices, digest_minutes: Number(v ?? 15) })} data={[...new Set([...waits, choices.digest_minutes])].sort((a, b) => a - b).map((n) => ({ value: String(n), label: t('bell.minutes', { count: n }) }))} />
        <Group justify="flex-end"><Button type="submit" loading={save.isPending}>{t('act.save')}</Button></Group>
      </Stack>
    </form>
  );
}

/** Shows what is new as a notification of the browser, where the member chose that and the page is not in front. */
export function useBrowserNotices() {
  const { data } = useNotifications();
  const choices = useChoices().data;
  const seen = useRef<number | undefined>(undefined);
  useEffect(() => {
    if (!data) return;
    const newest = data.items[0]?.id ?? 0;
    const before = seen.current;
    seen.current = Math.max(newest, before ?? 0);
    if (before === undefined || !document.hidden || !choices || !('Notification' in window) || Notification.permission !== 'granted') return;
    for (const n of data.items.filter((x) => x.id > before && !x.read_at && choices.browser.includes(x.kind)).slice(0, 3)) {
      const notice = new Notification(heading(n), { body: n.conversation_id ? who(n) : '', tag: String(n.id), icon: '/icon.svg' });
      notice.onclick = () => { window.focus(); if (n.conversation_id) window.location.assign(`/inbox?view=all&id=${n.conversation_id}`); };
    }
  }, [data, choices]);
}
