/** Plain ASCII addresses only: they stand in headers and SMTP commands as they are. */
export const ADDRESS = /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/;

export const RECIPIENTS_MAX = 50;
