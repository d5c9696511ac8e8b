import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api, unwrap } from './client';
import type { Agent, AwayInput, Label, NotificationChoices, Notifications, Page, Team } from './types';

/** Teams, and names that a bot routes to and nobody has made a team of (id 0). */
export function useTeams() {
  return useQuery({ queryKey: ['teams'], queryFn: () => unwrap<Page<Team>>(api.GET('/teams')) });
}

/** Members as conversations find them: what they can take, who is there. */
export function useAgents() {
  return useQuery({ queryKey: ['agents'], refetchInterval: 60_000, queryFn: () => unwrap<Page<Agent>>(api.GET('/agents')) });
}

/** The labels that the workspace keeps, with their colours, and how many carry them: that reads every conversation. */
export function useCountedLabels() {
  return useQuery({ queryKey: ['labels', 'counted'], staleTime: 60_000, queryFn: () => unwrap<Page<Label>>(api.GET('/labels')) });
}

/** The labels to choose from, with their colours. */
export function useLabelList() {
  return useQuery({ queryKey: ['labels', 'names'], staleTime: 60_000, queryFn: () => unwrap<Page<Label>>(api.GET('/labels', { params: { query: { counts: 'none' } } })) });
}

export function useMeAway() {
  const client = useQueryClient();
  return useMutation({ mutationFn: (body: AwayInput) => unwrap<Agent>(api.PUT('/me/away', { body })), onSettled: () => client.invalidateQueries({ queryKey: ['agents'] }) });
}

export function useNotifications() {
  return useQuery({ queryKey: ['notifications'], refetchInterval: 120_000, queryFn: () => unwrap<Notifications>(api.GET('/notifications', { params: { query: { limit: 40 } } })) });
}

export function useReadNotifications() {
  const client = useQueryClient();
  return useMutation({ mutationFn: (body: { ids?: number[]; up_to?: number }) => unwrap(api.POST('/notifications/read', { body })), onSettled: () => client.invalidateQueries({ queryKey: ['notifications'] }) });
}

export function useChoices(enabled = true) {
  return useQuery({ queryKey: ['notification-choices'], enabled, staleTime: 300_000, queryFn: () => unwrap<NotificationChoices>(api.GET('/notification-choices')) });
}

export function useSetChoices() {
  const client = useQueryClient();
  return useMutation({ mutationFn: (body: NotificationChoices) => unwrap<NotificationChoices>(api.PUT('/notification-choices', { body })), onSuccess: (next) => client.setQueryData(['notification-choices'], next) });
}

/** Whether this page is in front: only then is the member there. */
export function useVisible(): boolean {
  const [visible, setVisible] = useState(!document.hidden);
  useEffect(() => {
    const look = () => setVisible(!document.hidden);
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  }, []);
  return visible;
}

/** Says every minute that the member is there; who is there is given conversations. */
export function useSignOfLife(enabled: boolean) {
  const visible = useVisible();
  useEffect(() => {
    if (!enabled || !visible) return undefined;
    const say = () => void api.POST('/presence', {}).catch(() => undefined); // said again in a minute
    say();
    const timer = setInterval(say, 60_000);
    return () => clearInterval(timer);
  }, [enabled, visible]);
}
