import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { renderIn } from '@/testing/render';
import { type Chip, QueryBar } from './query-bar';

const draw = () => {
  const onChange = vi.fn<(chips: Chip[]) => void>();
  renderIn(
    <QueryBar
      label="Filter"
      placeholder=""
      fields={[{ name: 'verb', suggestions: [{ value: 'http://v/passed', label: 'passed' }] }, { name: 'since' }]}
      chips={[]}
      guess={(value) => `what is ${value}?`}
      check={(chip) => (/^(http:|\d+d$)/.test(chip.value) ? undefined : `wrong ${chip.value}`)}
      onChange={onChange}
      note="there may be more"
    />,
  );
  return onChange;
};

test('Enter takes the first that is offered for half a value', async () => {
  const onChange = draw();
  await userEvent.type(screen.getByRole('combobox'), 'verb:pas{Enter}');
  expect(onChange).toHaveBeenCalledWith([{ field: 'verb', value: 'http://v/passed' }]);
});

test('a value that means nothing says so, and changes nothing', async () => {
  const onChange = draw();
  await userEvent.type(screen.getByRole('combobox'), 'since:yesterday{Enter}');
  expect(screen.getByText('wrong yesterday')).toBeInTheDocument();
  expect(onChange).not.toHaveBeenCalled();
});

test('a note stands below what is offered', async () => {
  draw();
  await userEvent.click(screen.getByRole('combobox'));
  expect(screen.getByText('there may be more')).toBeInTheDocument();
});
