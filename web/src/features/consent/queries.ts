import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, unwrap } from '@/api/client';
import { usePaged } from '@/api/paged';
import type { OptIn, Page, Wording, Workspace } from '@/api/types';

/** What an owner decides about consent; the server holds the limits. */
export interface ConsentRules {
  inferred?: boolean; inferred_months?: number; inferred_silent_months?: number; valid_months?: number; retention_years?: number;
  confirm_in_store?: boolean; confirm_by_template?: boolean; opt_in_hours?: number; web_opt_in?: boolean; web_origins?: string[] | null; web_account?: number; web_per_address?: number; web_per_number?: number;
}

export const wordingNames = ['offers', 'web_offers', 'store_offers'] as const;
export type WordingName = (typeof wordingNames)[number];
export const wordingLanguages = ['en', 'it', 'fr', 'ro', 'es', 'de', 'pt'] as const;
export type WordingLanguage = (typeof wordingLanguages)[number];

/** Every version of every wording, the newest of each name and language first. */
export function useWordings() {
  return useQuery({ queryKey: ['wordings'], queryFn: () => unwrap<Page<Wording>>(api.GET('/consent/wordings', { params: { query: { history: true } } })) });
}

export function useAddWording() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { name: WordingName; language: WordingLanguage; text: string; confirm: boolean; valid_days?: number }) => unwrap<Wording>(api.POST('/consent/wordings', { body })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['wordings'] }),
  });
}

export type OptInState = OptIn['state'];

export function useOptIns(state: OptInState | undefined, enabled: boolean) {
  return usePaged<OptIn>(['opt-ins', state], (cursor) => unwrap<Page<OptIn>>(api.GET('/opt-ins', { params: { query: { limit: 30, ...(state ? { state } : {}), ...(cursor ? { cursor } : {}) } } })), enabled);
}

export function useRenewOptIn() {
  const client = useQueryClient();
  return useMutation({ mutationFn: (id: number) => unwrap<OptIn>(api.POST('/opt-ins/{id}/renew', { params: { path: { id } }, body: {} })), onSettled: () => client.invalidateQueries({ queryKey: ['opt-ins'] }) });
}

export function useCancelOptIn() {
  const client = useQueryClient();
  return useMutation({ mutationFn: (id: number) => unwrap(api.POST('/opt-ins/{id}/cancel', { params: { path: { id } }, body: {} })), onSettled: () => client.invalidateQueries({ queryKey: ['opt-ins'] }) });
}

export function useConsentRules(enabled: boolean) {
  return useQuery({ queryKey: ['workspace'], queryFn: () => unwrap<Workspace>(api.GET('/workspace')), enabled });
}

/** Keeps the rules; the workspace's other settings stay as they are. */
export function useSaveRules() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ workspace: { id: _id, ...w }, rules }: { workspace: Workspace; rules: ConsentRules }) => unwrap<Workspace>(api.PUT('/workspace', { body: { ...w, settings: { consent: rules } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['workspace'] }),
  });
}
