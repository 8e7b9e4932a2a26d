/** Real servers for tests: started on loopback from a folder of their own, stopped by the process that was started. */
export { countedByFail2ban, problemsOfJail, startFail2ban } from './fail2ban.ts';
export type { Fail2ban, Fail2banOptions } from './fail2ban.ts';
export { startOpenLdap } from './open-ldap.ts';
export type { OpenLdap, OpenLdapOptions } from './open-ldap.ts';
export { appleDirectory, bulkUsers, plainDirectory, record } from './ldif.ts';
export { startSambaAd } from './samba-ad.ts';
export type { SambaAd } from './samba-ad.ts';
export { startDirectory389 } from './directory-389.ts';
export type { Directory389, Directory389Options } from './directory-389.ts';
export { crowdOf389, peopleOf389 } from './ldif-389.ts';
export { FREE_IPA_REALM, PRESERVED, ipaId, ipaUser, startFreeIpaTree } from './free-ipa.ts';
