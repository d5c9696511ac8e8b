import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, unwrap } from '@/api/client';
import type { Agent, Label, LabelInput, Member, NewMember, NewToken, Page, PasswordLink, Role, Team, TeamInput, Token } from '@/api/types';

export function useMembers() {
  return useQuery({ queryKey: ['members'], queryFn: () => unwrap<Page<Member>>(api.GET('/members')) });
}
export function useTokens() {
  return useQuery({ queryKey: ['tokens'], queryFn: () => unwrap<Page<Token>>(api.GET('/tokens')) });
}
export function useAddMember() {
  const client = useQueryClient();
  return useMutation({ mutationFn: (body: NewMember) => unwrap<Member>(api.POST('/members', { body })), onSuccess: () => client.invalidateQueries({ queryKey: ['members'] }) });
}
export function useSetRole() {
  const client = useQueryClient();
  return useMutation({ mutationFn: ({ id, role }: { id: number; role: Role }) => unwrap(api.PUT('/members/{user_id}', { params: { path: { user_id: id } }, body: { role } })), onSettled: () => client.invalidateQueries({ queryKey: ['members'] }) });
}
export function useRemoveMember() {
  const client = useQueryClient();
  return useMutation({ mutationFn: (id: number) => unwrap(api.DELETE('/members/{user_id}', { params: { path: { user_id: id } } })), onSettled: () => client.invalidateQueries({ queryKey: ['members'] }) });
}
export function usePasswordLink() {
  return useMutation({ mutationFn: (id: number) => unwrap<PasswordLink>(api.POST('/members/{user_id}/password-link', { params: { path: { user_id: id } } })) });
}
export function useAddToken() {
  const client = useQueryClient();
  return useMutation({ mutationFn: (body: NewToken) => unwrap<{ token: string }>(api.POST('/tokens', { body })), onSuccess: () => client.invalidateQueries({ queryKey: ['tokens'] }) });
}
export function useRemoveToken() {
  const client = useQueryClient();
  return useMutation({ mutationFn: (id: number) => unwrap(api.DELETE('/tokens/{id}', { params: { path: { id } } })), onSettled: () => client.invalidateQueries({ queryKey: ['tokens'] }) });
}
function useTeamRefresh() {
  const client = useQueryClient();
  return () => { for (const queryKey of [['teams'], ['agents']]) void client.invalidateQueries({ queryKey }); };
}
export function useSaveTeam() {
  const refresh = useTeamRefresh();
  return useMutation({ mutationFn: ({ id, team }: { id: number; team: TeamInput }) => (id ? unwrap<Team>(api.PUT('/teams/{id}', { params: { path: { id } }, body: team })) : unwrap<Team>(api.POST('/teams', { body: team }))), onSettled: refresh });
}
export function useRemoveTeam() {
  const refresh = useTeamRefresh();
  return useMutation({ mutationFn: (id: number) => unwrap(api.DELETE('/teams/{id}', { params: { path: { id } } })), onSettled: refresh });
}
export function useSetAgent() {
  const refresh = useTeamRefresh();
  return useMutation({ mutationFn: ({ id, ...body }: { id: number; capacity: number | null; skills: string[]; languages: string[] }) => unwrap<Agent>(api.PUT('/members/{user_id}/agent', { params: { path: { user_id: id } }, body })), onSettled: refresh });
}
export function useSetAway() {
  const refresh = useTeamRefresh();
  return useMutation({ mutationFn: ({ id, away }: { id: number; away: boolean }) => unwrap<Agent>(api.PUT('/members/{user_id}/away', { params: { path: { user_id: id } }, body: { away, give_back: away } })), onSettled: refresh });
}
function useLabelRefresh() {
  const client = useQueryClient();
  return () => { for (const key of ['labels', 'conversations', 'conversation', 'contacts', 'workspace']) void client.invalidateQueries({ queryKey: [key] }); };
}
export function useSaveLabel() {
  const onSettled = useLabelRefresh();
  return useMutation({ mutationFn: ({ id, label }: { id: number; label: LabelInput }) => (id ? unwrap<Label>(api.PUT('/labels/{id}', { params: { path: { id } }, body: label })) : unwrap<Label>(api.POST('/labels', { body: label }))), onSettled });
}
export function useMergeLabel() {
  const onSettled = useLabelRefresh();
  return useMutation({ mutationFn: ({ id, into }: { id: number; into: number }) => unwrap<Label>(api.POST('/labels/{id}/merge', { params: { path: { id } }, body: { into_id: into } })), onSettled });
}
export function useRemoveLabel() {
  const onSettled = useLabelRefresh();
  return useMutation({ mutationFn: ({ id, everywhere }: { id: number; everywhere: boolean }) => unwrap(api.DELETE('/labels/{id}', { params: { path: { id }, query: { everywhere } } })), onSettled });
}
