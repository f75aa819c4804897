/** A number for people: "1,234". By hand, for what the browser has for it is slow at its first use. */
export const counted = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ",");
