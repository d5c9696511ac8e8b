import { IconActivity, IconBolt, IconBook2, IconCalendarEvent, IconChartBar, IconDeviceMobileMessage, IconForms, IconGavel, IconHistory, IconHome2, IconInbox, IconNotebook, IconPlugConnected, IconQrcode, IconScale, IconSend, IconSettings, IconShieldExclamation, IconSitemap, IconTemplate, IconUsers, IconUsersGroup, type Icon } from '@tabler/icons-react';
import type { Me, Overview, Permission } from '@/api/types';

export type Path = '/' | '/moderation' | '/inbox' | '/triggers' | '/knowledge' | '/accounts' | '/team' | '/settings' | '/policies' | '/rehearse' | '/contacts' | '/outbox' | '/events' | '/consent' | '/compliance' | '/audit' | '/templates' | '/flows' | '/bookings' | '/figures' | '/leads' | '/links';

export interface NavItem {
  path: Path;
  label: string;
  icon: Icon;
  key: string;
  needs?: Permission;
  group: 'work' | 'setup' | 'records';
  count?: (o: Overview) => number;
  alarm?: (o: Overview) => boolean;
}

const items: NavItem[] = [
  { path: '/', label: 'nav.home', icon: IconHome2, key: 'g h', group: 'work' },
  { path: '/moderation', label: 'nav.moderation', icon: IconGavel, key: 'g m', group: 'work', count: (o) => o.review_open },
  { path: '/inbox', label: 'nav.inbox', icon: IconInbox, key: 'g i', group: 'work', count: (o) => o.conversations_waiting, alarm: (o) => o.conversations_overdue > 0 },
  { path: '/contacts', label: 'nav.contacts', icon: IconUsers, key: 'g c', group: 'work' },
  { path: '/leads', label: 'nav.leads', icon: IconForms, key: 'g n', group: 'work' },
  { path: '/bookings', label: 'nav.bookings', icon: IconCalendarEvent, key: 'g b', group: 'work' },
  { path: '/outbox', label: 'nav.outbox', icon: IconSend, key: 'g o', group: 'work', count: (o) => o.unknown_actions, alarm: (o) => o.unknown_actions > 0 },
  { path: '/triggers', label: 'nav.triggers', icon: IconBolt, key: 'g t', group: 'setup' },
  { path: '/links', label: 'nav.links', icon: IconQrcode, key: 'g q', group: 'setup' },
  { path: '/flows', label: 'nav.flows', icon: IconSitemap, key: 'g f', group: 'setup' },
  { path: '/policies', label: 'nav.policies', icon: IconScale, key: 'g p', group: 'setup' },
  { path: '/knowledge', label: 'nav.knowledge', icon: IconBook2, key: 'g k', group: 'setup' },
  { path: '/templates', label: 'nav.templates', icon: IconTemplate, key: 'g w', group: 'setup' },
  { path: '/accounts', label: 'nav.accounts', icon: IconPlugConnected, key: 'g a', group: 'setup' },
  { path: '/team', label: 'nav.team', icon: IconUsersGroup, key: 'g e', group: 'setup', needs: 'supervise' },
  { path: '/settings', label: 'nav.settings', icon: IconSettings, key: 'g s', group: 'setup', needs: 'configure' },
  { path: '/rehearse', label: 'nav.rehearse', icon: IconDeviceMobileMessage, key: 'g r', group: 'setup', needs: 'configure' },
  { path: '/figures', label: 'nav.figures', icon: IconChartBar, key: 'g d', group: 'records' },
  { path: '/events', label: 'nav.events', icon: IconActivity, key: 'g v', group: 'records', count: (o) => o.parked },
  { path: '/consent', label: 'nav.consent', icon: IconNotebook, key: 'g l', group: 'records', needs: 'audit' },
  { path: '/compliance', label: 'nav.compliance', icon: IconShieldExclamation, key: 'g y', group: 'records', needs: 'configure' },
  { path: '/audit', label: 'nav.audit', icon: IconHistory, key: 'g u', group: 'records', needs: 'audit' },
];

/** The screens this member can open; the rehearsal only where one is running. */
export function navFor(me: Me): NavItem[] {
  return items.filter((item) => {
    if (item.needs && !me.permissions.includes(item.needs)) return false;
    return item.path !== '/rehearse' || me.demo || me.rehearsal_url !== '';
  });
}
