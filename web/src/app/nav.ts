import { IconBolt, IconBook2, IconDeviceMobileMessage, IconGavel, IconHome2, IconInbox, IconPlugConnected, IconSettings, IconUsersGroup, type Icon } from '@tabler/icons-react';
import type { Me, Overview, Permission } from '@/api/types';

export type Path = '/' | '/moderation' | '/inbox' | '/triggers' | '/knowledge' | '/accounts' | '/team' | '/settings' | '/rehearse';

export interface NavItem {
  path: Path;
  label: string;
  icon: Icon;
  key: string;
  needs?: Permission;
  group: 'work' | 'setup';
  count?: (o: Overview) => number;
  alarm?: (o: Overview) => boolean;
}

const items: NavItem[] = [
  { path: '/', label: 'nav.home', icon: IconHome2, key: 'g h', group: 'work' },
  { path: '/moderation', label: 'nav.moderation', icon: IconGavel, key: 'g m', group: 'work', count: (o) => o.review_open },
  { path: '/inbox', label: 'nav.inbox', icon: IconInbox, key: 'g i', group: 'work', count: (o) => o.conversations_waiting, alarm: (o) => o.conversations_overdue > 0 },
  { path: '/triggers', label: 'nav.triggers', icon: IconBolt, key: 'g t', group: 'setup' },
  { path: '/knowledge', label: 'nav.knowledge', icon: IconBook2, key: 'g k', group: 'setup' },
  { path: '/accounts', label: 'nav.accounts', icon: IconPlugConnected, key: 'g a', group: 'setup' },
  { path: '/team', label: 'nav.team', icon: IconUsersGroup, key: 'g e', group: 'setup', needs: 'configure' },
  { path: '/settings', label: 'nav.settings', icon: IconSettings, key: 'g s', group: 'setup', needs: 'configure' },
  { path: '/rehearse', label: 'nav.rehearse', icon: IconDeviceMobileMessage, key: 'g r', group: 'setup', needs: 'configure' },
];

/** The screens this member can open; the rehearsal only where one is running. */
export function navFor(me: Me): NavItem[] {
  return items.filter((item) => {
    if (item.needs && !me.permissions.includes(item.needs)) return false;
    return item.path !== '/rehearse' || me.demo || me.rehearsal_url !== '';
  });
}
