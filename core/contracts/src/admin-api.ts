import { extensionPoint } from '@kalends/kernel/extension-point';
import type { Router } from 'express';

/** REST administration, mounted under /admin/<name>/v<version>, already authenticated as an admin. */
export interface AdminApi { readonly name: string; readonly version: number; mount(router: Router): void; readonly openapi: object }
export const adminApi = extensionPoint<AdminApi, 'many'>('admin-api', 'many');
