// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol;

namespace Flower.List;

/// <summary><c>flower ls</c>: the targets on the board.</summary>
public sealed class ListCommand : Command
{
    private readonly Option<bool> _json = new("--json")
    {
        Description = "Print one line of JSON a target. The default when standard output is not a terminal.",
    };

    private readonly SwitchboardOption _switchboard = new();
    private readonly LabelsArgument _labels = new();

    /// <summary>The command.</summary>
    public ListCommand()
        : base("ls", "Lists the servers, egresses and resolvers on the board that do not contradict the labels.\n"
            + "A table on a terminal, lines of JSON in a pipe, both with who stands behind each label: the\n"
            + "switchboard attests it, a configuration or a handle pins it, or the target claims it.\n"
            + "  flower ls program=web\n"
            + "  flower ls | jq -r .labels.program")
    {
        Add(_json);
        Add(_switchboard);
        Add(_labels);
        this.SetRun(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult command, CancellationToken cancellationToken)
    {
        LabelSet labels = _labels.Read(command);
        await using Handle handle = await _switchboard.OpenAsync(command, cancellationToken);
        IAsyncEnumerable<TargetInfo> targets = handle.ListAsync(labels, cancellationToken);
        if (command.GetValue(_json) || Console.IsOutputRedirected)
        {
            await TargetLines.PrintAsync(targets, cancellationToken);
        }
        else
        {
            await TargetTable.PrintAsync(targets, cancellationToken);
        }

        return ExitCodes.Ok;
    }
}
