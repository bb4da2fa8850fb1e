/** Instead of gaxios, with which the base class of the operator sends what is overridden. */
export const instance = {
  request(): never {
    throw new Error('the bundle has no gaxios: requests go through ApiServer')
  },
}
