/** What a newcomer may say as a customer of the demo; customers write, so it is not translated. */
export const tries = { rude: 'You are pathetic idiots, I hope you drown', info: 'Info please, how much is it?' } as const;
export type Try = keyof typeof tries;
