/** Exit codes, as sysexits.h has them where it has them. */
export const OK = 0;
/** The command ran, and some of what it was asked to do was refused. */
export const PARTLY = 1;
export const USAGE = 64;
export const UNAVAILABLE = 69;
export const DEFECT = 70;
export const CONFIG = 78;
