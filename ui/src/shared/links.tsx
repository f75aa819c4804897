import { Anchor, type AnchorProps, Button, type ButtonProps, Menu, type MenuItemProps } from "@mantine/core";
import { createLink } from "@tanstack/react-router";
import type { AnchorHTMLAttributes, Ref } from "react";

type Element = { ref?: Ref<HTMLAnchorElement> };
type Html<P> = P & Element & Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof P>;

// Mantine's parts as links to our own addresses: where they lead, and with what behind the `?`, is checked by the compiler.
export const MenuLink = createLink((props: Html<MenuItemProps>) => <Menu.Item component="a" {...props} />);
export const ButtonLink = createLink((props: Html<ButtonProps>) => <Button component="a" {...props} />);
export const TextLink = createLink((props: Html<AnchorProps>) => <Anchor inherit {...props} />);
