import { useMutation, useMutationState, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, bodyOf } from './client';
import type { EmailChange } from './types';

const EMAIL_PREFERENCES = ['email-preferences'];

const WATCH_EVERY_MS = 3000;

/** Balances move when a webhook arrives: looked at again when the reader comes back to the page. */
export function useOverview() {
  return useQuery({ queryKey: ['overview'], queryFn: async () => bodyOf(await api.GET('/v1/me/overview')) });
}

export interface StatsRange {
  from: string;
  to: string;
  interval: 'day' | 'month';
}

export function useStats(range: StatsRange) {
  return useQuery({
    queryKey: ['stats', range],
    queryFn: async () =>
      bodyOf(await api.GET('/v1/me/stats', { params: { query: { ...range, compare: 'previous' } } })),
    placeholderData: (before) => before,
  });
}

export function useCommission(id: string) {
  return useQuery({
    queryKey: ['commission', id],
    queryFn: async () => bodyOf(await api.GET('/v1/me/commissions/{id}', { params: { path: { id } } })),
  });
}

/** @param watch asks again every few seconds, until the affiliate can be paid. */
export function useOnboarding(watch: boolean) {
  return useQuery({
    queryKey: ['onboarding'],
    queryFn: async () => bodyOf(await api.GET('/v1/me/onboarding')),
    refetchInterval: ({ state }) => (watch && state.data?.status !== 'complete' ? WATCH_EVERY_MS : false),
  });
}

export function useLatestNotices() {
  return useQuery({
    queryKey: ['notices', 'latest'],
    queryFn: async () => bodyOf(await api.GET('/v1/me/notices', { params: { query: { limit: 1 } } })).data,
  });
}

export function useLatestCommissions() {
  return useQuery({
    queryKey: ['commissions', 'latest'],
    queryFn: async () => bodyOf(await api.GET('/v1/me/commissions', { params: { query: { limit: 5 } } })).data,
  });
}

export function useEmailPreferences() {
  return useQuery({
    queryKey: EMAIL_PREFERENCES,
    queryFn: async () => bodyOf(await api.GET('/v1/me/email-preferences')),
  });
}

/** One after the other, however quickly they are made: what comes back last is how they are now, whatever was asked for. */
export function useChangeEmailPreferences() {
  const queries = useQueryClient();
  return useMutation({
    mutationKey: EMAIL_PREFERENCES,
    scope: { id: 'email-preferences' },
    mutationFn: async (change: EmailChange) => bodyOf(await api.PATCH('/v1/me/email-preferences', { body: change })),
    onSuccess: (now) => queries.setQueryData(EMAIL_PREFERENCES, now),
  });
}

/** What was chosen and is not answered yet, in that order. */
export function usePendingEmailChanges() {
  return useMutationState({
    filters: { mutationKey: EMAIL_PREFERENCES, status: 'pending' },
    select: ({ state }) => state.variables as EmailChange,
  });
}

export function useSubIds() {
  return useQuery({
    queryKey: ['sub-ids'],
    queryFn: async () => bodyOf(await api.GET('/v1/me/sub-ids', { params: { query: { limit: 10 } } })).data,
  });
}
