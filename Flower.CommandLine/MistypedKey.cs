// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Grpc.Core;

namespace Flower.CommandLine;

/// <summary>
/// The label key that may have been meant instead of one that was given. It must be a slip away, and be none of those given:
/// where nothing matches, a key that the tools of Flower use or, if the handle may list, one that stands on the board; where a
/// target was reached, since what it does not know contradicts nothing, one that this has and the given one is not known to it.
/// </summary>
public static class MistypedKey
{
    private const int MaxTargets = 256;
    private const string Explain = "; flower explain with the same labels says why";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private static readonly string[] WellKnown =
    [
        "address_family", "client_address", "client_port", "client_uid", "client_gid", "client_pid", "server_address",
        "server_port", "server_path", "server_hostname", "server_service", "tls_server_name", "tls_alpn", "http_host",
    ];

    /// <summary>Connects.</summary>
    /// <param name="handle">Over which handle.</param>
    /// <param name="labels">As they were given.</param>
    /// <param name="options">How.</param>
    /// <param name="advise">Told, in a line, if a target was reached that knows a key by another name; null: nobody is.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ToolException">Nothing matches, in the switchboard's words with the hint after them.</exception>
    /// <exception cref="FlowerException">As for <see cref="Handle.ConnectAsync"/>.</exception>
    public static async Task<Connection> ConnectOrHintAsync(
        this Handle handle, LabelSet labels, ConnectOptions options, Action<string>? advise, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(handle);
        ArgumentNullException.ThrowIfNull(labels);
        Connection connection;
        try
        {
            connection = await handle.ConnectAsync(labels, options, cancellationToken);
        }
        catch (FlowerException e) when (e.StatusCode == StatusCode.NotFound)
        {
            IReadOnlyList<TargetInfo>? targets = await ListAsync(handle, LabelSet.Empty, cancellationToken);
            string hint = Hint(labels, KeysOf(targets ?? []));
            if (hint.Length == 0 && targets is null)
            {
                throw;
            }

            throw new ToolException(Tool.CodeOf(e), e.Message + (hint.Length > 0 ? hint : Explain), e);
        }

        if (advise is not null && Doubt(labels, connection.Labels) is (var given, var meant))
        {
            try
            {
                await AdviseAsync(handle, given, meant, advise, cancellationToken);
            }
            catch
            {
                connection.Dispose();
                throw;
            }
        }

        return connection;
    }

    /// <summary><c>; did you mean 'KEY'?</c> for the first given key of which that may be said, or nothing.</summary>
    /// <param name="labels">As they were given.</param>
    /// <param name="onBoard">The keys that targets state or require.</param>
    public static string Hint(LabelSet labels, IReadOnlyCollection<string> onBoard)
    {
        ArgumentNullException.ThrowIfNull(labels);
        string[] known = [.. WellKnown, .. onBoard];
        string? meant = labels.Labels.Select(label => label.Key).Concat(labels.RequiredKeys)
            .Where(key => !known.Contains(key))
            .Select(key => Suggestion.Nearest(key, known))
            .FirstOrDefault(near => near is not null && !labels.States(near));
        return meant is null ? "" : $"; did you mean '{LabelRules.Printable(meant)}'?";
    }

    /// <summary>The first given key that may have been meant for another one of the connection's, and that label.</summary>
    /// <param name="given">The labels of the request. A key that these require is known to the target.</param>
    /// <param name="connection">Those of both sides.</param>
    public static (string Given, ConnectionLabel Meant)? Doubt(LabelSet given, IEnumerable<ConnectionLabel> connection)
    {
        ArgumentNullException.ThrowIfNull(given);
        Dictionary<string, ConnectionLabel> others = connection
            .Where(label => !given.States(label.Key) && !label.Key.StartsWith(LabelRules.ReservedPrefix, StringComparison.Ordinal))
            .ToDictionary(label => label.Key, StringComparer.Ordinal);
        foreach (string key in given.Labels.Select(label => label.Key).Where(key => !given.Requires(key) && !WellKnown.Contains(key)))
        {
            if (Suggestion.Nearest(key, others.Keys) is { } near)
            {
                return (key, others[near]);
            }
        }

        return null;
    }

    // Which side a label is from, a connection does not tell: the board is asked for those that have the one that may be meant.
    private static async Task AdviseAsync(
        Handle handle, string given, ConnectionLabel meant, Action<string> advise, CancellationToken cancellationToken)
    {
        var having = LabelSet.Create([new(meant.Key, meant.Value)], [meant.Key]);
        IReadOnlyList<TargetInfo>? targets = await ListAsync(handle, having, cancellationToken);
        if (targets is { Count: > 0 and < MaxTargets } && !KeysOf(targets).Contains(given))
        {
            advise($"the target has no label '{given}', which therefore told nothing apart; did you mean '{meant.Key}'?");
        }
    }

    private static HashSet<string> KeysOf(IEnumerable<TargetInfo> targets) => targets
        .SelectMany(target => target.Labels.Select(label => label.Key)
            .Where(key => !key.StartsWith(LabelRules.ReservedPrefix, StringComparison.Ordinal))
            .Concat(target.RequiredKeys))
        .ToHashSet(StringComparer.Ordinal);

    // Null: it may not list, or the switchboard is slow, or has gone. A hint is not worth waiting for, nor another error.
    private static async Task<IReadOnlyList<TargetInfo>?> ListAsync(
        Handle handle, LabelSet labels, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            return await handle.ListAsync(labels, limit.Token).Take(MaxTargets).ToListAsync(limit.Token);
        }
        catch (Exception e) when (
            e is FlowerException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return null;
        }
    }
}
