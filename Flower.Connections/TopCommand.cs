// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using Flower.Client;
using Flower.CommandLine;

namespace Flower.Connections;

/// <summary><c>flower top</c>: the open connections, live.</summary>
public sealed class TopCommand : Command
{
    private readonly SwitchboardOption _switchboard = new();
    private readonly LabelsArgument _labels = new();

    /// <summary>The command.</summary>
    public TopCommand()
        : base("top", "Shows the open connections on the whole terminal, anew each second, sorted by a column.\n"
            + "Keys: left and right (or < and >) choose the column, r reverses, q ends.\n"
            + "  flower top\n"
            + "  flower top +program=web")
    {
        Add(_switchboard);
        Add(_labels);
        this.SetRun(RunAsync, stopped: ExitCodes.Ok);
    }

    private async Task<int> RunAsync(ParseResult command, CancellationToken cancellationToken)
    {
        if (Console.IsOutputRedirected || Console.IsInputRedirected)
        {
            throw new ToolException(ExitCodes.Usage, "there is no terminal: use flower connections");
        }

        await using Handle handle = await _switchboard.OpenAsync(command, cancellationToken);
        await new TopScreen(new Observer(handle, _labels.Read(command))).RunAsync(cancellationToken);
        return ExitCodes.Ok;
    }
}
