// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol;

namespace Flower.Watch;

/// <summary><c>flower watch</c>: what happens on the board.</summary>
public sealed class WatchCommand : Command
{
    private readonly Option<bool> _json = new("--json")
    {
        Description = "Print one line of JSON an event. The default when standard output is not a terminal.",
    };

    private readonly ColorOption _color = new();
    private readonly SwitchboardOption _switchboard = new();
    private readonly LabelsArgument _labels = new();

    /// <summary>The command.</summary>
    public WatchCommand()
        : base("watch", "Prints what happens on the board, a line an event, until it is stopped: first the targets that are\n"
            + "there, then those that come, change and go, and each connect: asked, matched, accepted, refused and why.\n"
            + "Needs the right LIST, and tells of what does not contradict the labels. Goes on when the switchboard is\n"
            + "replaced or comes back.\n"
            + "  flower watch service=web\n"
            + "  flower watch | jq -c 'select(.event == \"connect-refused\") | [.status, .labels]'")
    {
        Add(_json);
        Add(_color);
        Add(_switchboard);
        Add(_labels);
        this.SetRun(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult command, CancellationToken cancellationToken)
    {
        LabelSet labels = _labels.Read(command);
        bool isJson = command.GetValue(_json) || Console.IsOutputRedirected;
        await using Handle handle = await _switchboard.OpenToStayAsync(command, "flower watch", cancellationToken);
        using var output = new EventOutput(isJson, _color.Read(command), cancellationToken);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, output.Closed);
        try
        {
            await foreach (BoardEvent happened in handle.WatchAsync(labels, stop.Token))
            {
                output.Write(happened);
            }
        }
        catch (OperationCanceledException) when (output.Closed.IsCancellationRequested)
        {
            // Nobody reads any more, as behind head(1), which is no failure.
        }

        return ExitCodes.Ok;
    }
}
