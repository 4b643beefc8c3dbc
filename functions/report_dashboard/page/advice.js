// What to do where a selection is empty.

export const NO_EVENTS =
  "No event matches. Choose a longer range or fewer filters; or send some: hookstream publish -n 20000";
export const NO_REVENUE = "No purchase matches. Choose a longer range or fewer filters.";
export const NO_PEOPLE = "No user with this known matches. Choose a longer range or fewer filters.";
