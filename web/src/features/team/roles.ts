import type { Role } from '@/api/types';

/** From the widest to the narrowest; the API enforces what each may do. */
export const roles: Role[] = ['owner', 'admin', 'supervisor', 'moderator', 'agent', 'analyst'];
