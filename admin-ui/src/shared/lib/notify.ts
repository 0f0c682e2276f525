/** Says in a corner that something is done; what draws it is fetched with the first one. */
export async function notify(message: string): Promise<void> {
  const { notifications } = await import('@mantine/notifications');
  notifications.show({ message });
}
