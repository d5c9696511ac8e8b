export default function Rehearse() { return null; }
