/** Roles of the admin API. Nobody has one unless the configuration says so; what each may do, the routes say. */
export const roles = ['viewer', 'auditor', 'operator', 'ceremony-officer'] as const;
export type Role = (typeof roles)[number];
