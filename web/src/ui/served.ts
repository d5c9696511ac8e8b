/** The languages in which customers are answered. */
export const served = ['en', 'it', 'fr', 'ro', 'es', 'de', 'pt'] as const;
