/** The part of npm's Solidity compiler that is used; it brings no types. */
declare module 'solc' {
  const solc: { compile(standardJson: string): string };
  export default solc;
}
