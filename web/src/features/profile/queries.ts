import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, unwrap } from '@/api/client';
import type { Enrolment, Page, RecoveryCodes, SecondFactor, Session } from '@/api/types';
import type { Language } from '@/i18n';

export function useSessions() {
  return useQuery({ queryKey: ['sessions'], queryFn: () => unwrap<Page<Session>>(api.GET('/sessions')) });
}
export function useEndSession() {
  const client = useQueryClient();
  return useMutation({ mutationFn: (id: number) => unwrap(api.DELETE('/sessions/{id}', { params: { path: { id } } })), onSettled: () => client.invalidateQueries({ queryKey: ['sessions'] }) });
}
export function useSetProfile() {
  const client = useQueryClient();
  return useMutation({ mutationFn: (body: { name: string; locale: Language }) => unwrap(api.PUT('/me', { body })), onSuccess: () => client.invalidateQueries({ queryKey: ['me'] }) });
}
export function useChangePassword() {
  const client = useQueryClient();
  return useMutation({ mutationFn: (body: { old: string; password: string }) => unwrap(api.POST('/me/password', { body })), onSuccess: () => client.invalidateQueries({ queryKey: ['sessions'] }) });
}

const factor = ['second-factor'];
export function useSecondFactor() {
  return useQuery({ queryKey: factor, queryFn: () => unwrap<SecondFactor>(api.GET('/me/second-factor')) });
}
export function useEnrol() {
  return useMutation({ mutationFn: () => unwrap<Enrolment>(api.POST('/me/second-factor', { body: {} })) });
}
export function useConfirmFactor() {
  const client = useQueryClient();
  return useMutation({ mutationFn: (code: string) => unwrap<RecoveryCodes>(api.POST('/me/second-factor/confirm', { body: { code } })), onSuccess: () => client.invalidateQueries({ queryKey: factor }) });
}
export function useFactorOff() {
  const client = useQueryClient();
  return useMutation({ mutationFn: (password: string) => unwrap(api.POST('/me/second-factor/off', { body: { password } })), onSuccess: () => client.invalidateQueries({ queryKey: factor }) });
}
