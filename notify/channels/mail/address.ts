/** Plain ASCII addresses only, since they are put into headers and SMTP commands unchanged. */
export const ADDRESS = /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/;

export const RECIPIENTS_MAX = 50;
