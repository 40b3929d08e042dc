// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using System.Globalization;
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol;

namespace Flower.Handles;

/// <summary><c>flower revoke</c>: takes handles back, or connections.</summary>
public sealed class RevokeCommand : Command
{
    private readonly Argument<string[]> _ids = new("ID")
    {
        Arity = ArgumentArity.OneOrMore,
        Description = "Of a handle, from flower handles.",
    };

    private readonly Option<bool> _connection = new("--connection")
    {
        Description = "Each ID is that of a revocable connection, from flower handles or the label flower.connection_id: "
            + "shut it down. Default: each is that of a handle.",
    };

    private readonly SwitchboardOption _switchboard = new();

    /// <summary>The command.</summary>
    public RevokeCommand()
        : base("revoke", "Takes a handle back, with all that was made from it. Its sessions end and what was registered\n"
            + "over them is gone; whoever holds it can do nothing with it any more. Connections that were made live on,\n"
            + "but for revocable ones.\n"
            + "  flower revoke 17\n"
            + "  flower revoke --connection 5")
    {
        Add(_ids);
        Add(_connection);
        Add(_switchboard);
        this.SetRun(RunAsync);
    }

    // All are tried; the exit code is that of the first that could not be revoked.
    private async Task<int> RunAsync(ParseResult command, CancellationToken cancellationToken)
    {
        bool connections = command.GetValue(_connection);
        int code = ExitCodes.Ok;
        ulong[] ids = [.. command.GetValue(_ids)!.Select(word => ReadId(word, connections, command))];
        await using Handle handle = await _switchboard.OpenAsync(command, cancellationToken);
        foreach (ulong id in ids)
        {
            try
            {
                RevokeResult result = await (connections
                    ? handle.RevokeConnectionAsync(id, cancellationToken)
                    : handle.RevokeAsync(id, cancellationToken));
                Console.WriteLine(connections ? $"connection {id} was shut down" : Words(id, result));
            }
            catch (FlowerException e)
            {
                Tool.Say(Tool.NameOf(this), e.Message);
                code = code == ExitCodes.Ok ? Tool.CodeOf(e) : code;
            }
        }

        return code;
    }

    private static ulong ReadId(string word, bool isConnection, ParseResult command) =>
        ulong.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out ulong id) ? id
            : throw new ToolException(
                ExitCodes.Usage,
                word.StartsWith("--", StringComparison.Ordinal)
                    ? Suggestion.NoSuchOption(word, command.CommandResult)
                    : $"'{word}' is no id: an id is a number, such as 17; "
                        + (isConnection ? "flower connections shows those of connections" : "flower handles shows those of handles"));

    private static string Words(ulong id, RevokeResult result) =>
        $"handle {id} was revoked: {Plural.Of(result.Handles, "handle")}, {Plural.Of(result.Sessions, "session")}, "
        + $"{Plural.Of(result.Targets, "target")} and {Plural.Of(result.Connections, "connection")} ended";
}
