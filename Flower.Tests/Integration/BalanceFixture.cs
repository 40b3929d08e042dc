// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;

namespace Flower.Tests.Integration;

/// <summary>Servers of one service on a board.</summary>
internal abstract class BalanceFixture : BoardFixture
{
    /// <summary>Registers an instance of the service.</summary>
    protected Task<Listener> ListenAsync(int instance, ListenOptions? options = null) =>
        Root.ListenAsync(Labels("service=x", $"instance={instance}"), options);

    /// <summary>Accepts whatever comes and closes it at once, until the listener is disposed of; then how many came.</summary>
    protected static async Task<int> TakeAllAsync(Listener listener)
    {
        int taken = 0;
        await foreach (IncomingConnection incoming in listener)
        {
            await using Connection connection = await incoming.AcceptAsync();
            taken++;
        }

        return taken;
    }

    /// <summary>The instance that a connection reached.</summary>
    protected static int InstanceOf(Connection connection) =>
        int.Parse(connection.Labels["instance"]!, System.Globalization.CultureInfo.InvariantCulture);
}
