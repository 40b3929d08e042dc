// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using System.Globalization;
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol;

namespace Flower.Targets;

/// <summary><c>flower weight</c>: sets how much servers take, whatever they say themselves.</summary>
public sealed class WeightCommand : Command
{
    private readonly Option<bool> _reset = new("--reset")
    {
        Description = "No N: forget the weight that was set, so that what they say themselves holds again.",
    };

    private readonly SwitchboardOption _switchboard = new();

    private readonly Argument<string> _weight = new("N")
    {
        Description = "The weight, 0 to 65535: of two servers, one with twice the weight is picked twice as often. With 0 it "
            + "is picked only where there is no other.",
    };

    private readonly LabelsArgument _labels = new();

    /// <summary>The command.</summary>
    public WeightCommand()
        : base("weight", "Sets how much the servers and egresses take that have all of these labels, compared with\n"
            + "others, for clients that let one of several be picked (--balance). It stands above what they say\n"
            + "themselves, until they end. For those that you registered, or could end by flower revoke. '{}' as\n"
            + "LABELS means all of them.\n"
            + "  flower weight 10 service=www instance=3\n"
            + "  flower weight --reset service=www")
    {
        Add(_reset);
        Add(_switchboard);
        Add(_weight);
        Add(_labels);
        this.SetRun(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult command, CancellationToken cancellationToken)
    {
        string first = command.GetValue(_weight)!;
        string[] others = command.GetValue(_labels) ?? [];
        if (command.GetValue(_reset))
        {
            LabelSet all = LabelsArgument.Parse([first, .. others]);
            await using Handle forgetting = await _switchboard.OpenAsync(command, cancellationToken);
            int forgot = await forgetting.ResetTargetsAsync(all, weight: true, draining: false, cancellationToken);
            Console.WriteLine($"{Count.Of(forgot, "has its own weight", "have their own weights")} again");
            return ExitCodes.Ok;
        }

        if (!ushort.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out ushort weight))
        {
            throw new ToolException(ExitCodes.Usage, $"'{LabelRules.Printable(first)}' is no weight: give a number, 0 to 65535");
        }

        if (others.Length == 0)
        {
            throw new ToolException(ExitCodes.Usage, "say whose weight: give labels, or '{}' for all");
        }

        await using Handle handle = await _switchboard.OpenAsync(command, cancellationToken);
        int count = await handle.UpdateTargetsAsync(
            LabelsArgument.Parse(others), weight, cancellationToken: cancellationToken);
        Console.WriteLine($"{Count.Of(count, "has", "have")} the weight {weight}");
        return ExitCodes.Ok;
    }
}
