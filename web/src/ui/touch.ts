import { useMediaQuery } from '@mantine/hooks';

/** Whether people work with their fingers here: a word about keys would be about nothing. */
export const useTouch = (): boolean => useMediaQuery('(max-width: 760px), (hover: none) and (pointer: coarse)', false, { getInitialValueInEffect: false });
